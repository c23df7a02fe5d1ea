// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Closing, Founder, IConsortium, Motion, MotionKind} from "./interfaces/IConsortium.sol";
import {Role} from "./interfaces/Records.sol";
import {RecordId} from "./libraries/RecordId.sol";

uint40 constant LONGEST_MOTION = 90 days;
uint40 constant VETO_PERIOD = 14 days;
uint40 constant ENACTMENT_PERIOD = 30 days;
uint256 constant FEWEST_FOUNDERS = 3;

contract Consortium is IConsortium {
    using RecordId for Motion;

    uint16 public members;
    mapping(uint24 region => Region) public regions;
    mapping(address account => Account) public accounts;
    mapping(bytes32 motion => MotionState) public motions;
    mapping(bytes32 motion => mapping(uint24 region => bool)) public voted;
    mapping(bytes32 closing => Closing) public closings;

    constructor(Founder[] memory founders) {
        if (founders.length < FEWEST_FOUNDERS) revert TooFewFounders(founders.length);

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

    function grant(address account, Role role) external {
        uint24 region = _regionOf(Role.Admin);

        if (role < Role.Issuer || role > Role.Directory) revert InvalidRole(role);
        _requireRunning(region);

        _give(account, region, role);
    }

    function revoke(address account) external {
        uint24 region = _regionOf(Role.Admin);
        Account storage holder = accounts[account];

        if (!holder.active || holder.region != region || holder.role == Role.Admin || holder.role == Role.Recovery) {
            revert NotRoleAccount(account);
        }

        holder.active = false;

        emit Revoked(account, region);
    }

    function recover(address admin) external {
        uint24 region = _regionOf(Role.Recovery);

        _replaceAdmin(region, admin);

        emit KeysReplaced(region, admin, msg.sender);
    }

    function rotateRecovery(address recovery) external {
        uint24 region = _regionOf(Role.Recovery);

        _replaceRecovery(region, recovery);

        emit KeysReplaced(region, regions[region].admin, recovery);
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

        _requireCarried(motion, id);
        if (state.enacted) revert AlreadyEnacted(id);

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
        bool ofHome = holds(msg.sender, home, Role.Reviewer);

        if (home == host) revert SameRegion(home);
        if (month % 100 == 0 || month % 100 > 12) revert InvalidMonth(month);
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
        regions[region] = Region({admin: admin, status: Status.Active, recovery: recovery, caretaker: address(0)});
        _give(admin, region, Role.Admin);
        _give(recovery, region, Role.Recovery);

        emit RegionAdmitted(region, admin, recovery);
    }

    function _suspend(uint24 region) private {
        if (regions[region].status != Status.Active) revert NotActive(region);

        regions[region].status = Status.Suspended;

        emit RegionSuspended(region);
    }

    function _reinstate(uint24 region) private {
        if (regions[region].status != Status.Suspended) revert NotSuspended(region);

        regions[region].status = Status.Active;
        regions[region].caretaker = address(0);

        emit RegionReinstated(region);
    }

    function _nameCaretaker(uint24 region, address caretaker) private {
        Account memory reviewer = accounts[caretaker];

        if (regions[region].status != Status.Suspended) revert NotSuspended(region);
        if (!reviewer.active || reviewer.role != Role.Reviewer || reviewer.region == region) revert InvalidCaretaker(caretaker);

        regions[region].caretaker = caretaker;

        emit CaretakerNamed(region, caretaker);
    }

    function _replaceKeys(uint24 region, address admin, address recovery) private {
        if (regions[region].status == Status.None) revert UnknownRegion(region);

        _replaceAdmin(region, admin);
        _replaceRecovery(region, recovery);

        emit KeysReplaced(region, admin, recovery);
    }

    function _replaceAdmin(uint24 region, address admin) private {
        accounts[regions[region].admin].active = false;
        regions[region].admin = admin;
        _giveKey(admin, region, Role.Admin);
    }

    function _replaceRecovery(uint24 region, address recovery) private {
        accounts[regions[region].recovery].active = false;
        regions[region].recovery = recovery;
        _giveKey(recovery, region, Role.Recovery);
    }

    // A thief at a region's desk could give its next key an ordinary role, and so block the key; the role gives way instead.
    function _giveKey(address account, uint24 region, Role role) private {
        Account memory holder = accounts[account];
        if (holder.region == region && holder.role <= Role.Directory) delete accounts[account];
        _give(account, region, role);
    }

    function _give(address account, uint24 region, Role role) private {
        if (account == address(0)) revert InvalidAccount(account);
        if (accounts[account].region != 0) revert AccountTaken(account);

        accounts[account] = Account({region: region, role: role, active: true});

        emit Granted(account, region, role);
    }

    function _regionOf(Role role) private view returns (uint24) {
        Account memory holder = accounts[msg.sender];
        if (!holder.active || holder.role != role) {
            if (role == Role.Admin) revert NotAdmin(msg.sender);
            revert NotRecovery(msg.sender);
        }
        return holder.region;
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
        } else if (regions[motion.region].status == Status.None) {
            revert UnknownRegion(motion.region);
        }
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
