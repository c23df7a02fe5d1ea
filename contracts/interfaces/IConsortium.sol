// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Role} from "./Records.sol";

/// @notice What the members decide together.
enum MotionKind {
    None,
    Admit,
    Suspend,
    Reinstate,
    NameCaretaker,
    ReplaceKeys,
    AuthoriseRegistry,
    RetireRegistry,
    CloseRegistry,
    AuthoriseClaimant,
    VoidClaim,
    LiftFlag
}

/// @notice A motion (联盟议案). Its hash is its id; the first vote on it proposes it.
/// @param region The region whose case it is, and which therefore has no vote; 0 where it is nobody's.
/// @param account Admit, ReplaceKeys: the new admin. NameCaretaker: the reviewer. …Registry, VoidClaim: the registry.
/// @param other Admit, ReplaceKeys: the new recovery key.
/// @param subject VoidClaim: the order's id. LiftFlag: the firm's or lab's id.
/// @param expires Last second for votes; at most 90 days ahead when first voted on.
/// @param nonce Any number that makes two otherwise equal motions differ.
struct Motion {
    MotionKind kind;
    uint24 region;
    address account;
    address other;
    bytes32 subject;
    uint40 expires;
    uint64 nonce;
}

/// @notice A region that the consortium starts with.
struct Founder {
    uint24 region;
    address admin;
    address recovery;
}

/// @notice What each side says a month came to (月度核对). Closed once both say the same.
struct Closing {
    bytes32 home;
    bytes32 host;
}

/// @title Consortium (联盟): which regions are members, which account may do what for which region, and what they agreed on.
/// @notice One account has one region and one role for ever; it can be revoked, never reused. A region offers a role and the
/// account itself takes it up, so that nobody can be made unusable by a role that he never wanted. Only the founding regions'
/// keys, and those that members name in a motion, are put in place as named.
/// Warning: that two accounts are one person's, no contract can know.
/// Warning: a stolen recovery key cannot be told from its owner's. Whoever holds it can name the admin and veto a
/// replacement; what the other members can then do is suspend the region.
interface IConsortium {
    enum Status {
        None,
        Active,
        Suspended
    }

    /// @param admin 0 from `recover` until the next one takes its place up.
    /// @param statusSince When the region was last suspended or reinstated, or 0.
    /// @param caretakerSince When a caretaker was last named, or dismissed by a reinstatement, or 0.
    struct Region {
        address admin;
        Status status;
        uint40 statusSince;
        address recovery;
        address caretaker;
        uint40 caretakerSince;
    }

    /// @param by The admin who offered it. The offer counts only as long as that is still the region's admin.
    struct Offer {
        address by;
        Role role;
    }

    /// @notice The keys that a region's recovery key offered and nobody took up yet.
    struct OfferedKeys {
        address admin;
        address recovery;
    }

    struct Account {
        uint24 region;
        Role role;
        bool active;
    }

    /// @param votes How many regions voted for it.
    /// @param carriedAt When it had more than half of all members, or 0.
    struct MotionState {
        uint16 votes;
        uint40 carriedAt;
        bool vetoed;
        bool enacted;
    }

    event RegionAdmitted(uint24 indexed region, address admin, address recovery);
    event RegionSuspended(uint24 indexed region);
    event RegionReinstated(uint24 indexed region);
    event CaretakerNamed(uint24 indexed region, address caretaker);
    event KeysReplaced(uint24 indexed region, address admin, address recovery);
    event Offered(address indexed account, uint24 indexed region, Role role, address by);
    event OfferWithdrawn(address indexed account, uint24 indexed region);
    event Granted(address indexed account, uint24 indexed region, Role role);
    event Revoked(address indexed account, uint24 indexed region);
    event Voted(bytes32 indexed motion, uint24 indexed region, Motion record, bool carried);
    event Vetoed(bytes32 indexed motion);
    event Enacted(bytes32 indexed motion);
    event StatementNamed(uint24 indexed home, uint24 indexed host, uint24 indexed month, uint24 by, bytes32 statement);
    event MonthClosed(uint24 indexed home, uint24 indexed host, uint24 indexed month, bytes32 statement);

    error TooFewFounders(uint256 founders);
    error InvalidRegion(uint24 region);
    error UnknownRegion(uint24 region);
    error AlreadyMember(uint24 region);
    error NotActive(uint24 region);
    error NotSuspended(uint24 region);
    error InvalidAccount(address account);
    error AccountTaken(address account);
    error NotAdmin(address account);
    error NotRecovery(address account);
    error NotRoleAccount(address account);
    error NotOffered(address account, uint24 region, Role role);
    error InvalidRole(Role role);
    error InvalidCaretaker(address account);
    error InvalidMotion(MotionKind kind);
    error OwnCase(uint24 region);
    error AlreadyVoted(bytes32 motion, uint24 region);
    error MotionExpired(bytes32 motion, uint40 expires);
    error MotionTooLong(uint40 expires, uint40 latest);
    error NotCarried(bytes32 motion, uint16 votes, uint16 members);
    error NotYet(bytes32 motion, uint40 from);
    error TooLate(bytes32 motion, uint40 until);
    error MotionVetoed(bytes32 motion);
    error AlreadyEnacted(bytes32 motion);
    error MotionOvertaken(bytes32 motion, uint40 carriedAt, uint40 changedAt);
    error Suspended(uint24 region);
    error SameRegion(uint24 region);
    error InvalidMonth(uint24 month);
    error MonthBeforeFounding(uint24 month, uint24 first);
    error MonthNotOver(uint24 month, uint24 current);
    error InvalidStatement();
    error NotOfEither(address account, uint24 home, uint24 host);
    error MonthIsClosed(uint24 home, uint24 host, uint24 month, bytes32 statement);

    /// @notice How many members there are, suspended ones included.
    function members() external view returns (uint16);

    /// @notice The month in which the consortium was founded: year × 100 + month, UTC+8.
    function firstMonth() external view returns (uint24);

    function regions(uint24 region)
        external
        view
        returns (address admin, Status status, uint40 statusSince, address recovery, address caretaker, uint40 caretakerSince);

    function accounts(address account) external view returns (uint24 region, Role role, bool active);

    function offers(uint24 region, address account) external view returns (address by, Role role);

    function offeredKeys(uint24 region) external view returns (address admin, address recovery);

    function motions(bytes32 motion) external view returns (uint16 votes, uint40 carriedAt, bool vetoed, bool enacted);

    function voted(bytes32 motion, uint24 region) external view returns (bool);

    /// @notice Both sides' statements of a month, under `keccak256(abi.encode(home, host, month))`.
    function closings(bytes32 closing) external view returns (bytes32 home, bytes32 host);

    /// @notice The id of a motion.
    function motionId(Motion calldata motion) external pure returns (bytes32);

    /// @notice Whether `account` has `role` for `region` now. A suspended region's issuers, reviewers and directory do not.
    function holds(address account, uint24 region, Role role) external view returns (bool);

    /// @notice Whether `account` may decline, endorse, accept, reject and reverse for `region`: its reviewer, or while the
    /// region is suspended its caretaker.
    function reviews(address account, uint24 region) external view returns (bool);

    /// @notice Reverts with `Suspended` if one of three regions is suspended, `UnknownRegion` if one is no member. 0 is skipped.
    function requireRunning(uint24 first, uint24 second, uint24 third) external view;

    /// @notice Reverts unless the motion was carried and can be enacted now. The contract whose matter it is enacts it.
    /// @return carriedAt When it had more than half of all members.
    function requireCarried(Motion calldata motion) external view returns (uint40 carriedAt);

    /// @notice The admin of a region that is not suspended offers an account ISSUER, REVIEWER, PAYER or DIRECTORY. A later offer
    /// of the region to the same account replaces this one. It ends with the admin who made it, and rests while the region is
    /// suspended.
    function offer(address account, Role role) external;

    /// @notice The account itself takes up what it was offered, naming region and role, so that a changed offer cannot take it by
    /// surprise. A key that is taken up replaces the one before, also in a suspended region.
    function takeUp(uint24 region, Role role) external;

    /// @notice The admin takes an offer back or ends an account's role for ever, whichever it finds: an account that is quicker
    /// gains nothing. A suspended region's admin can still do so.
    function revoke(address account) external;

    /// @notice The recovery key ends the region's admin at once, and offers the place to another account. Until that takes it up
    /// the region has no admin. A later call replaces the offer.
    function recover(address admin) external;

    /// @notice The recovery key offers its own place to another account, and keeps it until that takes it up. A later call
    /// replaces the offer; what a recovery key offered ends with it.
    function rotateRecovery(address recovery) external;

    /// @notice An admin votes for a motion. A suspended region keeps its vote: without it two suspensions could leave a
    /// consortium that can never act again.
    function vote(Motion calldata motion) external;

    /// @notice The recovery key of `motion.region` stops a motion to replace that region's keys.
    function veto(Motion calldata motion) external;

    /// @notice Anybody puts a carried motion on regions and keys into effect, within 30 days; replaced keys take effect no
    /// earlier than 14 days after the motion was carried. One to suspend or reinstate a region or to name its caretaker must have
    /// been carried after the last change of that (in a later second), so that none is kept back to undo what was decided since.
    function enact(Motion calldata motion) external;

    /// @notice A reviewer of either region names the hash of a month's statement (月度核对); the month closes when both name the
    /// same, and is then closed for ever. Both regions must be members; one that is suspended names its statement later.
    /// @param month Year × 100 + month, UTC+8: no earlier than the consortium's first, and over by block time.
    function closeMonth(uint24 home, uint24 host, uint24 month, bytes32 statement) external;
}
