// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IInvoices} from "./interfaces/IInvoices.sol";
import {IProgrammes, Pool, ProgrammeState} from "./interfaces/IProgrammes.sol";
import {IVoucherRegistry} from "./interfaces/IVoucherRegistry.sol";
import {Programme, Role, Slice} from "./interfaces/Records.sol";
import {PoolWord} from "./libraries/PoolWord.sol";
import {RecordId} from "./libraries/RecordId.sol";
import {Rules, RulesWord} from "./libraries/Rules.sol";
import {Slots} from "./libraries/Slots.sol";
import {SubsidyRule} from "./libraries/SubsidyRule.sol";

uint256 constant MOST_SLICES = 6;

contract Programmes is IProgrammes {
    using RecordId for Programme;
    using Slots for Pool;
    using SubsidyRule for Slice[];

    IConsortium public immutable consortium;
    IInvoices public immutable invoices;
    address public immutable registry;

    mapping(bytes32 programme => Rules) public rulesWord;
    mapping(bytes32 programme => Slice[]) private _slices;
    mapping(bytes32 programme => Pool) public pools;
    mapping(bytes32 programme => mapping(bytes32 agreement => uint256)) public agreements;
    mapping(uint24 region => mapping(bytes32 bankReference => bool)) public bankReferences;

    modifier onlyRegistry() {
        if (msg.sender != registry) revert NotRegistry(msg.sender);
        _;
    }

    // The registry's address is known before it exists: each of the two names the other.
    constructor(IConsortium consortium_, IInvoices invoices_, address registry_) {
        consortium = consortium_;
        invoices = invoices_;
        registry = registry_;
    }

    function rules(bytes32 programme) external view returns (ProgrammeState memory) {
        return rulesWord[programme].unpack();
    }

    function slicesOf(bytes32 programme) external view returns (Slice[] memory slices) {
        Rules rule = rulesWord[programme];
        if (!rule.flat()) return _slices[programme];
        slices = new Slice[](1);
        slices[0] = Slice({upTo: type(uint64).max, bps: rule.flatBps()});
    }

    function knows(bytes32 programme) public view returns (bool) {
        return rulesWord[programme].region() != 0 || _knownBefore(programme);
    }

    function _knownBefore(bytes32 programme) private view returns (bool) {
        address predecessor = IVoucherRegistry(registry).predecessor();
        return predecessor != address(0) && IVoucherRegistry(predecessor).programmes().knows(programme);
    }

    // What regions do

    function open(Programme calldata programme) external {
        bytes32 id = programme.id();
        uint24 region = programme.region;
        Slice[] calldata slices = programme.slices;

        if (!consortium.holds(msg.sender, region, Role.Issuer)) revert NotIssuer(msg.sender, region);
        if (!invoices.mayIssue(registry)) revert RegistryRetired();
        if (rulesWord[id].region() != 0) revert ProgrammeExists(id);
        if (_knownBefore(id)) revert ProgrammeKnownToPredecessor(id);
        if (bytes(programme.code).length == 0) revert InvalidCode();
        if (programme.holdDays == 0) revert InvalidHoldDays();
        // The region itself runs, or it would have no issuer.
        if (programme.payer != region) consortium.requireRunning(programme.payer, 0, 0);
        _requireFallingRates(slices);

        // One unlimited rate stands in the rule's own word.
        bool flat = slices.length == 1 && slices[0].upTo == type(uint64).max;
        for (uint256 i = 0; !flat && i < slices.length; ++i) {
            _slices[id].push(slices[i]);
        }
        rulesWord[id] = RulesWord.pack(programme, flat, slices[0].bps);

        emit ProgrammeOpened(id, programme);
    }

    function fund(bytes32 programme, uint64 amount, bytes32 bankReference) external {
        _useBankReference(programme, amount, bankReference);

        pools[programme].funded += amount;

        emit Funded(programme, amount, bankReference, msg.sender);
    }

    function draw(bytes32 programme, uint64 amount, bytes32 bankReference) external {
        _useBankReference(programme, amount, bankReference);
        PoolWord pool = pools[programme].load();

        if (amount > pool.free()) revert PoolShort(0, programme, pool.free(), amount);

        pools[programme].store(pool.withFunded(pool.funded() - amount));

        emit Drawn(programme, amount, bankReference, msg.sender);
    }

    // What the registry does; its own events tell of it

    function commit(uint256 index, bytes32 programme, uint64 amount) external onlyRegistry returns (uint64 left) {
        PoolWord pool = pools[programme].load();
        uint64 free = pool.free();

        if (amount > free) revert PoolShort(index, programme, free, amount);

        pools[programme].store(pool.withCommitted(pool.committed() + amount));

        return free - amount;
    }

    function uncommit(bytes32 programme, uint64 amount) external onlyRegistry {
        PoolWord pool = pools[programme].load();
        pools[programme].store(pool.withCommitted(pool.committed() - amount));
    }

    function pay(bytes32 programme, uint64 held, uint64 subsidy) external onlyRegistry {
        PoolWord pool = pools[programme].load();
        pool = pool.withCommitted(pool.committed() - (held - subsidy)).withPaid(pool.paid() + subsidy);
        pools[programme].store(pool);
    }

    function payBack(bytes32 programme, uint64 amount) external onlyRegistry {
        PoolWord pool = pools[programme].load();
        pool = pool.withCommitted(pool.committed() - amount).withPaid(pool.paid() - amount);
        pools[programme].store(pool);
    }

    function count(bytes32 programme, bytes32 agreement, uint64 cost) external onlyRegistry returns (uint256 most) {
        uint256 base = agreements[programme][agreement];
        most = _slices[programme].marginal(base, cost);
        agreements[programme][agreement] = base + cost;
    }

    function uncount(bytes32 programme, bytes32 agreement, uint64 cost) external onlyRegistry {
        agreements[programme][agreement] -= cost;
    }

    function _useBankReference(bytes32 programme, uint64 amount, bytes32 bankReference) private {
        ProgrammeState memory state = rulesWord[programme].unpack();
        uint24 region = consortium.holds(msg.sender, state.region, Role.Payer) ? state.region : state.payer;

        if (state.region == 0) revert UnknownProgramme(programme);
        if (!consortium.holds(msg.sender, region, Role.Payer)) revert NotPayer(msg.sender, state.region);
        if (amount == 0) revert AmountZero();
        if (bankReferences[region][bankReference]) revert BankReferenceUsed(bankReference);

        bankReferences[region][bankReference] = true;
    }

    function _requireFallingRates(Slice[] calldata slices) private pure {
        uint64 lastUpTo = 0;
        uint16 lastBps = 10_000;

        if (slices.length == 0 || slices.length > MOST_SLICES) revert InvalidSliceCount(slices.length);
        for (uint256 i = 0; i < slices.length; ++i) {
            if (slices[i].upTo <= lastUpTo) revert SliceLimitNotRising(i, slices[i].upTo);
            if (slices[i].bps > lastBps) revert SliceRateRising(i, slices[i].bps);
            (lastUpTo, lastBps) = (slices[i].upTo, slices[i].bps);
        }
    }
}
