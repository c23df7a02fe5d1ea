// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDirectory} from "./IDirectory.sol";
import {IProgrammes} from "./IProgrammes.sol";
import {Claim, Order, Recipient, Redemption, Release, Signatures, Stage, Terms, Voucher} from "./Records.sol";

/// @notice The notes of one voucher; the four sum to its face, always.
struct Balance {
    uint64 available;
    uint64 reserved;
    uint64 redeemed;
    uint64 lapsed;
}

/// @notice One order, in one slot.
/// @param attempt How often it was rejected.
/// @param amount Fen it holds: what is reserved for it until it is accepted, then the notes consumed, from settlement on the
/// subsidy, from a reversal on the debt.
/// @param deadline Last second at which it can be redeemed.
/// @param evidence First 17 bytes of the claim's hash, from redemption on.
struct OrderState {
    Stage stage;
    uint8 attempt;
    uint64 amount;
    uint40 deadline;
    bytes17 evidence;
}

/// @notice The firms that share one project at one lab under a joint programme. Once reached, it stays so.
struct Partnership {
    uint32 partners;
    bool reached;
}

/// @notice An order with its voucher, as `approve`, `decline` and `extend` take it.
struct Reservation {
    Voucher voucher;
    Order order;
}

/// @notice A claim with its redemption, as `reject` and `refunded` take it.
struct Filing {
    Claim claim;
    Redemption redemption;
}

/// @title VoucherRegistry (创新券登记): every voucher's life, from issue to settlement.
/// @notice No key decides its own case (回避): whose key signs for firm or lab now neither approves, endorses, accepts nor stands
/// in for it, whatever role it holds, nor releases as a reviewer.
/// @notice Anybody may relay what the parties signed; a party that sends the transaction itself need not sign. Array verbs do
/// all or nothing; `index` in an error is the item's place in the array, 0 where there is none.
/// Warning: it does not know who is eligible, how much a firm may get a year, or whether evidence is true.
/// Warning: a reviewer or payer who stays silent cannot be replaced by anybody here.
interface IVoucherRegistry {
    event TermsIssued(bytes32 indexed terms, Terms record);
    event Issued(bytes32 indexed voucher, bytes32 terms, bytes32 firm, bytes32 serial);
    event Reserved(bytes32 indexed order, Order record, Stage stage, uint40 deadline);
    event Approved(bytes32 indexed order, uint40 deadline, address by);
    event Declined(bytes32 indexed order, address by);
    event Released(bytes32 indexed order, bool lapsed, address by);
    event Extended(bytes32 indexed order, uint40 deadline, address by);
    event Redeemed(bytes32 indexed order, Redemption record, address standIn, bytes32 reason);
    event Endorsed(bytes32 indexed order, address by);
    event Accepted(bytes32 indexed order, address by);
    event Rejected(bytes32 indexed order, uint40 deadline, address by);
    event Settled(bytes32 indexed order, bytes32 payment, address by);
    event Reversed(bytes32 indexed order, uint64 recover, bytes32 reason, address by);
    event Refunded(bytes32 indexed order, address by);
    event Refused(uint256 index, bytes reason);

    error NotIssuer(address account, uint24 region);
    error NotReviewer(address account, uint24 region);
    error NotPayer(address account, uint24 region);
    error RegistryRetired();
    error UnknownProgramme(bytes32 programme);
    error AmountZero();
    error InvalidTag(bytes32 tag);
    error InvalidDates(uint40 useBy, uint40 claimBy);
    error InvalidDenomination(uint64 face, uint64 denomination);
    error VoucherExists(bytes32 voucher);
    error UnknownVoucher(bytes32 voucher);
    error VoucherMismatch(uint256 index, bytes32 order, bytes32 voucher);
    error PastUseBy(bytes32 voucher, uint40 useBy);
    error NotWholeNotes(bytes32 voucher, uint64 amount, uint64 denomination);
    error OverAvailable(bytes32 voucher, uint64 available, uint64 amount);
    error OrderSeen(bytes32 order, Stage stage);
    error WholeVoucherOnly(bytes32 voucher, uint64 face, uint64 amount);
    error SignatureExpired(uint40 validUntil);
    error SameSigner(address signer);
    error NotSignedBy(address signer, address got);
    error WrongStage(uint256 index, bytes32 order, Stage stage);
    error OrderMismatch(bytes32 order, bytes32 named);
    error RedemptionMismatch(uint256 index, bytes32 order, bytes32 redemption);
    error PastClaimBy(uint256 index, bytes32 order, uint40 claimBy);
    error Barred(uint256 index, bytes32 order, IDirectory.Bar bar, bytes32 subject);
    error InvalidDeadline(bytes32 order, uint40 from, uint40 until);
    error PastDeadline(bytes32 order, uint40 deadline);
    error WrongAttempt(bytes32 order, uint8 attempt, uint8 got);
    error OverOrder(bytes32 order, uint64 amount, uint64 subsidy);
    error OverRule(bytes32 order, uint64 most, uint64 subsidy);
    error TooFewPartners(bytes32 order, uint32 partners, uint8 minPartners);
    error StandInNotReviewer(address account, uint24 region);
    error NoFirstReview(uint256 index, bytes32 order);
    error EvidenceDiffers(uint256 index, bytes32 order, bytes17 evidence, bytes17 got);
    error ReviewedBefore(uint256 index, bytes32 order, address account);
    error TooManyAttempts(bytes32 order);
    error InvalidRecovery(bytes32 order, uint64 subsidy, uint64 recover);
    error NotBatchable(uint256 index);
    error TooLittleGas(uint256 index, uint256 gas, uint256 needed);

    error WrongProgrammes(address programmes);

    /// @notice The rules and the money of this registry's programmes.
    function programmes() external view returns (IProgrammes);

    /// @notice The registry that this one succeeds, or 0. Its programmes refuse every one that the earlier ones know.
    function predecessor() external view returns (address);

    function balances(bytes32 voucher) external view returns (uint64 available, uint64 reserved, uint64 redeemed, uint64 lapsed);

    function orders(bytes32 order)
        external
        view
        returns (Stage stage, uint8 attempt, uint64 amount, uint40 deadline, bytes17 evidence);

    /// @notice The partnership of a programme, project and lab, under `keccak256(abi.encode(programme, project, lab))`.
    function partnerships(bytes32 joint) external view returns (uint32 partners, bool reached);

    /// @notice How many open orders a firm has in a partnership that is not reached yet.
    function partnerOrders(bytes32 joint, bytes32 firm) external view returns (uint32);

    /// @notice Reverts unless this claim on this redemption is Settled, Reversed, or Refunded in part, and so still counts.
    function requireSettled(Claim calldata claim, Redemption calldata redemption) external view returns (uint24 region);

    /// @notice The programme's issuer issues one voucher to each recipient (发放). No serial number is 0.
    function issue(Terms calldata terms, Recipient[] calldata recipients) external;

    /// @notice Firm and lab reserve part of a voucher (锁定额度): Open with its money committed, or Requested where approval
    /// comes first. From Open on the lab knows that the money is there.
    function reserve(Voucher calldata voucher, Order calldata order, Signatures calldata signatures) external;

    /// @notice A reviewer of the programme's region confirms requested orders (审核确认). `PoolShort` carries the place of the
    /// first order that the pool cannot hold, and what is left for it after those before it.
    function approve(Reservation[] calldata reservations) external;

    /// @notice A reviewer of the programme's region turns requested orders down (不予确认).
    function decline(Reservation[] calldata reservations) external;

    /// @notice Gives an order's money back to its voucher (释放额度): by the lab; by a reviewer where the lab is no longer active
    /// or a flag on a party was seconded; by anyone 30 days after the deadline. In a partnership that was reached lab and firm
    /// must both consent, and whoever releases but the reviewer lapses the leaver's voucher. A reviewer who releases brings no
    /// signature of the lab; with one it is the parties who release.
    /// Warning: never by the firm alone, which could otherwise take back what a finished service is owed.
    function release(Voucher calldata voucher, Order calldata order, Release calldata consent, Signatures calldata signatures)
        external;

    /// @notice A reviewer grants an open order more time, at most 90 days from now, past claim-by too.
    function extend(Reservation calldata reservation, uint40 until) external;

    /// @notice Firm and lab ask for the money of an open order (申请兑付).
    function redeem(Voucher calldata voucher, Order calldata order, Redemption calldata redemption, Signatures calldata signatures)
        external;

    /// @notice First review (初审) by a reviewer of the region that the programme asks. The claim names itself the endorser after.
    function endorse(Claim[] calldata claims) external;

    /// @notice A reviewer of the programme's region who neither endorsed nor stood in finds the claims in order (审核通过). What
    /// the order holds beyond the notes consumed goes back to the voucher; of a joint voucher, which only a whole order can
    /// take, it lapses.
    function accept(Claim[] calldata claims) external;

    /// @notice Sends claims back for correction (退回补正): a reviewer before acceptance, the payer after it. The order is open
    /// again for at least 30 days, with its money still committed.
    function reject(Filing[] calldata filings) external;

    /// @notice The payer records that claims were paid (拨付), under one payment reference hash.
    function settle(Claim[] calldata claims, bytes32 payment) external;

    /// @notice A reviewer declares `recover` fen of a settled claim a debt (冲销).
    function reverse(Claim calldata claim, uint64 recover, bytes32 reason) external;

    /// @notice The payer records that the debt came back (资金已退回). Only if all of the subsidy did are invoice and agreement
    /// freed; the voucher never revives.
    function refunded(Filing calldata filing) external;

    /// @notice Runs `reserve`, `redeem` and `release` calls, each on its own: one that is refused emits `Refused` with its place
    /// and error, and stops nothing else.
    /// Warning: reverts as a whole when less gas is left than one call may need, so that want of gas never reads as a refusal.
    function tryEach(bytes[] calldata calls) external;
}
