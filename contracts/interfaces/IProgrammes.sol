// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rules} from "../libraries/Rules.sol";
import {Approval, FirstReview, Paid, Programme, Slice} from "./Records.sol";

/// @notice The money set aside for a programme (预拨兑付资金): paid ≤ committed ≤ funded.
struct Pool {
    uint64 funded;
    uint64 committed;
    uint64 paid;
}

/// @notice What the contract keeps of a programme. `flatBps` is the rate where one unlimited slice is the whole rule.
struct ProgrammeState {
    uint24 region;
    uint24 payer;
    Paid paidHome;
    Paid paidAcross;
    Approval approval;
    FirstReview firstReview;
    bool itemised;
    uint8 minPartners;
    uint16 holdDays;
    bool flat;
    uint16 flatBps;
}

/// @title Programmes (券种): the rule of every programme of one registry, and the money set aside for it.
/// @notice A programme is fixed for ever when it is opened. Only its registry commits and pays.
/// Warning: `funded` and `paid` record what payers say of their banks; no money is held here.
interface IProgrammes {
    event ProgrammeOpened(bytes32 indexed programme, Programme record);
    event Funded(bytes32 indexed programme, uint64 amount, bytes32 bankReference, address by);
    event Drawn(bytes32 indexed programme, uint64 amount, bytes32 bankReference, address by);

    error NotIssuer(address account, uint24 region);
    error NotPayer(address account, uint24 region);
    error NotRegistry(address account);
    error RegistryRetired();
    error ProgrammeExists(bytes32 programme);
    error ProgrammeKnownToPredecessor(bytes32 programme);
    error UnknownProgramme(bytes32 programme);
    error InvalidCode();
    error InvalidHoldDays();
    error InvalidSliceCount(uint256 count);
    error SliceLimitNotRising(uint256 slice, uint64 upTo);
    error SliceRateRising(uint256 slice, uint16 bps);
    error BankReferenceUsed(bytes32 bankReference);
    error AmountZero();
    error PoolShort(uint256 index, bytes32 programme, uint64 free, uint64 amount);

    /// @notice The registry whose programmes these are.
    function registry() external view returns (address);

    /// @notice What is kept of a programme; region 0 if it was never opened.
    function rules(bytes32 programme) external view returns (ProgrammeState memory);

    /// @notice The same in one word, which the registry reads at every step.
    function rulesWord(bytes32 programme) external view returns (Rules);

    function slicesOf(bytes32 programme) external view returns (Slice[] memory);

    function pools(bytes32 programme) external view returns (uint64 funded, uint64 committed, uint64 paid);

    /// @notice Live cost under an agreement; kept only where the rule is not one unlimited rate.
    function agreements(bytes32 programme, bytes32 agreement) external view returns (uint256 cost);

    /// @notice Whether a region used a bank reference for `fund` or `draw` before.
    function bankReferences(uint24 region, bytes32 bankReference) external view returns (bool);

    /// @notice Whether a programme was opened here or under an earlier registry.
    function knows(bytes32 programme) external view returns (bool);

    /// @notice An issuer fixes a programme for ever.
    function open(Programme calldata programme) external;

    /// @notice A payer of the programme's region, or of the region that pays, records money set aside (拨入).
    function fund(bytes32 programme, uint64 amount, bytes32 bankReference) external;

    /// @notice The same payers take back what is not committed (划回).
    function draw(bytes32 programme, uint64 amount, bytes32 bankReference) external;

    /// @notice The registry sets money aside for an order (已占用), or refuses with its `index`.
    /// @return left Fen that can still be committed.
    function commit(uint256 index, bytes32 programme, uint64 amount) external returns (uint64 left);

    /// @notice The registry gives committed money back to the pool.
    function uncommit(bytes32 programme, uint64 amount) external;

    /// @notice The registry counts `subsidy` of the `held` fen of an order as paid; the rest is no longer committed.
    function pay(bytes32 programme, uint64 held, uint64 subsidy) external;

    /// @notice The registry counts money that came back.
    function payBack(bytes32 programme, uint64 amount) external;

    /// @notice The registry counts cost under an agreement.
    /// @return most Fen of subsidy that this cost earns on top of what is live.
    function count(bytes32 programme, bytes32 agreement, uint64 cost) external returns (uint256 most);

    /// @notice The registry counts cost back.
    function uncount(bytes32 programme, bytes32 agreement, uint64 cost) external;
}
