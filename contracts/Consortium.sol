// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Closing, Founder, IConsortium, Motion, MotionKind} from "./interfaces/IConsortium.sol";
import {Role} from "./interfaces/Records.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {RecordId} from "./libraries/RecordId.sol";

uint40 constant LONGEST_MOTION = 90 days;
uint40 constant VETO_PERIOD = 14 days;
uint40 constant ENACTMENT_PERIOD = 30 days;
uint256 constant FEWEST_FOUNDERS = 3;

contract Consortium is IConsortium {
    using RecordId for Motion;

    uint24 public immutable firstMonth;

    uint16 public members;
    mapping(uint24 region => Region) public regions;
    mapping(address account => Account) public accounts;
    mapping(uint24 region => mapping(address account => Offer)) public offers;
    mapping(uint24 region => OfferedKeys) public offeredKeys;
    mapping(bytes32 motion => MotionState) public motions;
    mapping(bytes32 motion => mapping(uint24 region => bool)) public voted;
    mapping(bytes32 closing => Closing) public closings;

    constructor(Founder[] memory founders) {
        if (founders.length < FEWEST_FOUNDERS) revert TooFewFounders(founders.length);

        firstMonth = Calendar.monthOf(block.timestamp);
        for (uint256 i = 0; i < founders.length; ++i) {
            _admit(founders[i].region, founders[i].admin, founders[i].recovery);
        }
    }

    // Who may do what

    function motionId(Motion calldata motion) external pure returns (bytes32) {
        return motion.id();
    }

    function holds(address account, uint24 region, Role role) public view returns (bool) {
        Account memory holder = accounts[account];
        if (!holder.active || holder.region != region || holder.role != role) return false;
        return role == Role.Payer || regions[region].status == Status.Active;
    }

    function reviews(address account, uint24 region) external view returns (bool) {
        if (holds(account, region, Role.Reviewer)) return true;
        Region storage suspended = regions[region];
        return suspended.status == Status.Suspended && suspended.caretaker == account
            && holds(account, accounts[account].region, Role.Reviewer);
    }

    function requireRunning(uint24 first, uint24 second, uint24 third) external view {
        _requireRunning(first);
        if (second != first) _requireRunning(second);
        if (third != first && third != second) _requireRunning(third);
    }

    function requireCarried(Motion calldata motion) external view returns (uint40) {
        return _requireCarried(motion, motion.id());
    }

    // A region's own keys and accounts

    function offer(address account, Role role) external {
        uint24 region = _regionOf(Role.Admin);

        if (role < Role.Issuer || role > Role.Directory) revert InvalidRole(role);
        _requireRunning(region);
        _requireFree(account);

        offers[region][account] = Offer({by: msg.sender, role: role});

        emit Offered(account, region, role, msg.sender);
    }

    function takeUp(uint24 region, Role role) external {
        if (role == Role.Admin) _takeUpAdmin(region);
        else if (role == Role.Recovery) _takeUpRecovery(region);
        else _takeUpRole(region, role);
    }

    function revoke(address account) external {
        uint24 region = _regionOf(Role.Admin);
        Account storage holder = accounts[account];

        if (offers[region][account].by != address(0)) return _withdrawOffer(account, region);
        if (!holder.active || holder.region != region || holder.role == Role.Admin || holder.role == Role.Recovery) {
            revert NotRoleAccount(account);
        }

        holder.active = false;

        emit Revoked(account, region);
    }

    function recover(address admin) external {
        uint24 region = _regionOf(Role.Recovery);

        _requireFree(admin);

        accounts[regions[region].admin].active = false;
        regions[region].admin = address(0);
        offeredKeys[region].admin = admin;

        emit KeysReplaced(region, address(0), msg.sender);
        emit Offered(admin, region, Role.Admin, msg.sender);
    }

    function rotateRecovery(address recovery) external {
        uint24 region = _regionOf(Role.Recovery);

        _requireFree(recovery);

        offeredKeys[region].recovery = recovery;

        emit Offered(recovery, region, Role.Recovery, msg.sender);
    }

    // What the members decide

    function vote(Motion calldata motion) external {
        bytes32 id = motion.id();
        uint24 region = _regionOf(Role.Admin);
        MotionState storage state = motions[id];

        if (block.timestamp > motion.expires) revert MotionExpired(id, motion.expires);
        if (motion.expires > block.timestamp + LONGEST_MOTION) {
            revert MotionTooLong(motion.expires, uint40(block.timestamp) + LONGEST_MOTION);
        }
        if (motion.region == region) revert OwnCase(region);
        if (voted[id][region]) revert AlreadyVoted(id, region);
        _requireSound(motion);

        voted[id][region] = true;
        uint16 votes = ++state.votes;
        if (state.carriedAt == 0 && votes >= 2 && votes * 2 > members) state.carriedAt = uint40(block.timestamp);

        emit Voted(id, region, motion, state.carriedAt != 0);
    }

    function veto(Motion calldata motion) external {
        bytes32 id = motion.id();
        MotionState storage state = motions[id];

        if (motion.kind != MotionKind.ReplaceKeys) revert InvalidMotion(motion.kind);
        if (regions[motion.region].recovery != msg.sender) revert NotRecovery(msg.sender);
        if (state.enacted) revert AlreadyEnacted(id);

        state.vetoed = true;

        emit Vetoed(id);
    }

    function enact(Motion calldata motion) external {
        bytes32 id = motion.id();
        MotionState storage state = motions[id];

        uint40 carriedAt = _requireCarried(motion, id);
        uint40 changedAt = _lastChange(motion);
        if (state.enacted) revert AlreadyEnacted(id);
        if (carriedAt <= changedAt) revert MotionOvertaken(id, carriedAt, changedAt);

        state.enacted = true;
        if (motion.kind == MotionKind.Admit) _admit(motion.region, motion.account, motion.other);
        else if (motion.kind == MotionKind.Suspend) _suspend(motion.region);
        else if (motion.kind == MotionKind.Reinstate) _reinstate(motion.region);
        else if (motion.kind == MotionKind.NameCaretaker) _nameCaretaker(motion.region, motion.account);
        else if (motion.kind == MotionKind.ReplaceKeys) _replaceKeys(motion.region, motion.account, motion.other);
        else revert InvalidMotion(motion.kind);

        emit Enacted(id);
    }

    // What two regions agree on

    function closeMonth(uint24 home, uint24 host, uint24 month, bytes32 statement) external {
        Closing storage closing = closings[keccak256(abi.encode(home, host, month))];
        uint24 current = Calendar.monthOf(block.timestamp);
        bool ofHome = holds(msg.sender, home, Role.Reviewer);

        if (home == host) revert SameRegion(home);
        _requireMember(home);
        _requireMember(host);
        if (month % 100 == 0 || month % 100 > 12) revert InvalidMonth(month);
        if (month < firstMonth) revert MonthBeforeFounding(month, firstMonth);
        if (month >= current) revert MonthNotOver(month, current);
        if (statement == 0) revert InvalidStatement();
        if (!ofHome && !holds(msg.sender, host, Role.Reviewer)) revert NotOfEither(msg.sender, home, host);
        if (closing.home != 0 && closing.home == closing.host) revert MonthIsClosed(home, host, month, closing.home);

        if (ofHome) closing.home = statement;
        else closing.host = statement;

        emit StatementNamed(home, host, month, ofHome ? home : host, statement);
        if (closing.home == closing.host) emit MonthClosed(home, host, month, statement);
    }

    function _admit(uint24 region, address admin, address recovery) private {
        if (region < 100_000 || region > 999_999) revert InvalidRegion(region);
        if (regions[region].status != Status.None) revert AlreadyMember(region);

        ++members;
        regions[region].status = Status.Active;
        regions[region].admin = admin;
        regions[region].recovery = recovery;
        _give(admin, region, Role.Admin);
        _give(recovery, region, Role.Recovery);

        emit RegionAdmitted(region, admin, recovery);
    }

    function _suspend(uint24 region) private {
        if (regions[region].status != Status.Active) revert NotActive(region);

        regions[region].status = Status.Suspended;
        regions[region].statusSince = uint40(block.timestamp);

        emit RegionSuspended(region);
    }

    function _reinstate(uint24 region) private {
        if (regions[region].status != Status.Suspended) revert NotSuspended(region);

        regions[region].status = Status.Active;
        regions[region].statusSince = uint40(block.timestamp);
        regions[region].caretaker = address(0);
        regions[region].caretakerSince = uint40(block.timestamp);

        emit RegionReinstated(region);
    }

    function _nameCaretaker(uint24 region, address caretaker) private {
        Account memory reviewer = accounts[caretaker];

        if (regions[region].status != Status.Suspended) revert NotSuspended(region);
        if (!reviewer.active || reviewer.role != Role.Reviewer || reviewer.region == region) revert InvalidCaretaker(caretaker);

        regions[region].caretaker = caretaker;
        regions[region].caretakerSince = uint40(block.timestamp);

        emit CaretakerNamed(region, caretaker);
    }

    function _replaceKeys(uint24 region, address admin, address recovery) private {
        _requireMember(region);

        delete offeredKeys[region];
        _replaceAdmin(region, admin);
        _replaceRecovery(region, recovery);

        emit KeysReplaced(region, admin, recovery);
    }

    function _replaceAdmin(uint24 region, address admin) private {
        accounts[regions[region].admin].active = false;
        regions[region].admin = admin;
        _give(admin, region, Role.Admin);
    }

    function _replaceRecovery(uint24 region, address recovery) private {
        accounts[regions[region].recovery].active = false;
        regions[region].recovery = recovery;
        _give(recovery, region, Role.Recovery);
    }

    // An offer counts as long as whoever made it still holds the key that it was made with.
    function _takeUpRole(uint24 region, Role role) private {
        Offer memory open = offers[region][msg.sender];

        if (open.by == address(0) || open.by != regions[region].admin || open.role != role) {
            revert NotOffered(msg.sender, region, role);
        }
        _requireRunning(region);

        delete offers[region][msg.sender];
        _give(msg.sender, region, role);
    }

    function _takeUpAdmin(uint24 region) private {
        if (offeredKeys[region].admin != msg.sender) revert NotOffered(msg.sender, region, Role.Admin);

        offeredKeys[region].admin = address(0);
        _replaceAdmin(region, msg.sender);

        emit KeysReplaced(region, msg.sender, regions[region].recovery);
    }

    function _takeUpRecovery(uint24 region) private {
        if (offeredKeys[region].recovery != msg.sender) revert NotOffered(msg.sender, region, Role.Recovery);

        delete offeredKeys[region];
        _replaceRecovery(region, msg.sender);

        emit KeysReplaced(region, regions[region].admin, msg.sender);
    }

    function _withdrawOffer(address account, uint24 region) private {
        delete offers[region][account];

        emit OfferWithdrawn(account, region);
    }

    function _give(address account, uint24 region, Role role) private {
        _requireFree(account);

        accounts[account] = Account({region: region, role: role, active: true});

        emit Granted(account, region, role);
    }

    function _requireFree(address account) private view {
        if (account == address(0)) revert InvalidAccount(account);
        if (accounts[account].region != 0) revert AccountTaken(account);
    }

    function _regionOf(Role role) private view returns (uint24) {
        Account memory holder = accounts[msg.sender];
        if (!holder.active || holder.role != role) {
            if (role == Role.Admin) revert NotAdmin(msg.sender);
            revert NotRecovery(msg.sender);
        }
        return holder.region;
    }

    function _requireMember(uint24 region) private view {
        if (regions[region].status == Status.None) revert UnknownRegion(region);
    }

    function _requireRunning(uint24 region) private view {
        if (region == 0) return;
        Status status = regions[region].status;
        if (status == Status.None) revert UnknownRegion(region);
        if (status != Status.Active) revert Suspended(region);
    }

    // A motion about a region names a region; one about the ledger, a registry. What it means is judged when it is enacted.
    function _requireSound(Motion calldata motion) private view {
        MotionKind kind = motion.kind;
        bool ofLedger = kind == MotionKind.AuthoriseRegistry || kind == MotionKind.AuthoriseClaimant
            || kind == MotionKind.RetireRegistry || kind == MotionKind.CloseRegistry;

        if (kind == MotionKind.None) revert InvalidMotion(kind);
        if (ofLedger) {
            if (motion.region != 0) revert InvalidRegion(motion.region);
        } else if (kind == MotionKind.Admit) {
            if (regions[motion.region].status != Status.None) revert AlreadyMember(motion.region);
        } else {
            _requireMember(motion.region);
        }
    }

    // When what a motion of this kind does to its region was last done, undone or replaced; 0 where that cannot happen twice.
    function _lastChange(Motion calldata motion) private view returns (uint40) {
        Region storage region = regions[motion.region];
        if (motion.kind == MotionKind.Suspend || motion.kind == MotionKind.Reinstate) return region.statusSince;
        return motion.kind == MotionKind.NameCaretaker ? region.caretakerSince : 0;
    }

    function _requireCarried(Motion calldata motion, bytes32 id) private view returns (uint40) {
        MotionState memory state = motions[id];
        uint40 from = motion.kind == MotionKind.ReplaceKeys ? state.carriedAt + VETO_PERIOD : state.carriedAt;

        if (state.carriedAt == 0) revert NotCarried(id, state.votes, members);
        if (state.vetoed) revert MotionVetoed(id);
        if (block.timestamp < from) revert NotYet(id, from);
        if (block.timestamp > from + ENACTMENT_PERIOD) revert TooLate(id, from + ENACTMENT_PERIOD);

        return state.carriedAt;
    }
}
