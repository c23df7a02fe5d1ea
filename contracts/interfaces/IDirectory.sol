// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Motion} from "./IConsortium.sol";
import {Firm, Item, Lab, Standing} from "./Records.sol";

/// @title Directory (名录): labs, their items, and firms: whose key signs, and whose vouchers may be spent where.
/// @notice Standing and recognition count when an order is reserved. A frozen or flagged party is stopped at every step up
/// to accept. A `subject` is a lab's id or a firm's id.
/// Warning: `reinstate` is the host region's alone; what other regions hold against a lab is their flag.
interface IDirectory {
    /// @param flaggedUntil Last second of a flag; the type's maximum once it was seconded.
    /// @param seller First 27 bytes of the tag of who invoices for the lab: its host unit or an agency.
    struct LabState {
        address signer;
        uint24 region;
        Standing standing;
        uint40 flaggedUntil;
        bytes27 seller;
        uint40 qualifiedUntil;
    }

    struct FirmState {
        address signer;
        uint40 flaggedUntil;
        uint24 region;
    }

    /// @notice From when until when an issuing region's vouchers may be spent at a lab or on an item.
    struct Window {
        uint40 from;
        uint40 until;
    }

    /// @notice A key that an office wants to put in place of another, from `from` on unless the old key vetoes.
    struct Rotation {
        address signer;
        uint40 from;
    }

    /// @notice Who set the latest flag on a subject and when, and who seconded it (0: nobody).
    struct Flag {
        uint24 by;
        uint24 seconder;
        uint40 since;
        uint40 until;
    }

    /// @notice Why a party may not go on, or an account not say so: `OwnCase` where its key signs for the party itself (回避).
    enum Bar {
        None,
        LabFrozen,
        LabFlagged,
        FirmFlagged,
        OwnCase
    }

    event LabAdmitted(bytes32 indexed lab, Lab record, address signer, bytes32 seller, uint40 qualifiedUntil);
    event LabRenewed(bytes32 indexed lab, bytes32 seller, uint40 qualifiedUntil);
    event StandingSet(bytes32 indexed lab, Standing standing);
    event ItemListed(bytes32 indexed item, bytes32 indexed lab, string code);
    event FirmEnrolled(bytes32 indexed firm, Firm record, address signer);
    event KeyRotated(bytes32 indexed subject, address signer);
    event RotationProposed(bytes32 indexed subject, address signer, uint40 from);
    event RotationVetoed(bytes32 indexed subject, address signer);
    event Recognised(uint24 indexed region, bytes32 indexed subject, uint40 from, uint40 until);
    event Withdrawn(uint24 indexed region, bytes32 indexed subject);
    event Flagged(bytes32 indexed subject, uint24 indexed region, bytes32 reason, uint40 until);
    event FlagSeconded(bytes32 indexed subject, uint24 indexed region, bytes32 reason);
    event FlagLifted(bytes32 indexed subject, uint24 indexed region);

    error NotDirectory(address account, uint24 region);
    error AlreadyAdmitted(bytes32 lab);
    error AlreadyEnrolled(bytes32 firm);
    error AlreadyListed(bytes32 item);
    error UnknownLab(bytes32 lab);
    error UnknownSubject(bytes32 subject);
    error InvalidCode();
    error InvalidTag(bytes32 tag);
    error InvalidSigner(address signer);
    error SignerHoldsRole(address signer);
    error WrongStanding(bytes32 lab, Standing standing);
    error InvalidWindow(uint40 from, uint40 until);
    error NotSigner(address account, bytes32 subject);
    error NoRotation(bytes32 subject);
    error RotationNotYet(bytes32 subject, uint40 from);
    error NotRecognised(uint24 region, bytes32 subject);
    error ItemNotListed(bytes32 item, bytes32 lab);
    error ItemRequired(bytes32 lab);
    error FirmNotEnrolled(uint24 region, bytes32 firm);
    error LabNotActive(bytes32 lab, Standing standing);
    error NotQualified(bytes32 lab, uint40 qualifiedUntil);
    error SellerIsFirm(bytes32 lab, bytes32 firm);
    error LabFrozen(bytes32 lab);
    error SubjectFlagged(bytes32 subject, uint40 until);
    error FlaggedBefore(bytes32 subject, uint24 region);
    error NotFlagged(bytes32 subject);
    error AlreadySeconded(bytes32 subject);
    error OwnFlag(bytes32 subject, uint24 region);
    error NotOwnFlag(bytes32 subject, uint24 region);
    error WrongMotion();
    error MotionUsed(bytes32 motion);

    function labs(bytes32 lab)
        external
        view
        returns (address signer, uint24 region, Standing standing, uint40 flaggedUntil, bytes27 seller, uint40 qualifiedUntil);

    function firms(bytes32 firm) external view returns (address signer, uint40 flaggedUntil, uint24 region);

    /// @notice The lab that an item belongs to.
    function items(bytes32 item) external view returns (bytes32 lab);

    function recognitions(uint24 region, bytes32 subject) external view returns (uint40 from, uint40 until);

    function rotations(bytes32 subject) external view returns (address signer, uint40 from);

    function flags(bytes32 subject) external view returns (uint24 by, uint24 seconder, uint40 since, uint40 until);

    /// @notice Whether a region has used its one flag of its own on a subject.
    function flaggedBy(bytes32 subject, uint24 region) external view returns (bool);

    function labId(Lab calldata lab) external pure returns (bytes32);

    function itemId(Item calldata item) external pure returns (bytes32);

    function firmId(Firm calldata firm) external pure returns (bytes32);

    /// @notice The host region admits a lab, Active from then on. `seller` is the company tag of who invoices for it.
    function admit(Lab calldata lab, address signer, bytes32 seller, uint40 qualifiedUntil) external;

    /// @notice The host region renews a lab's qualification or changes who invoices for it.
    function renew(bytes32 lab, bytes32 seller, uint40 qualifiedUntil) external;

    /// @notice The host region lists instruments or service entries of its lab.
    function list(bytes32 lab, string[] calldata codes) external;

    /// @notice Active to Suspended: no new orders.
    function suspend(bytes32 lab) external;

    /// @notice Active or Suspended to Exited: no new orders, open ones run off.
    function exit(bytes32 lab) external;

    /// @notice Any standing to Frozen (fraud): nothing goes on, up to accept.
    function freeze(bytes32 lab) external;

    /// @notice Suspended, Exited or Frozen to Active.
    function reinstate(bytes32 lab) external;

    /// @notice The home region enrols a firm. The signer may hold no role in the consortium.
    function enrol(Firm calldata firm, address signer) external;

    /// @notice The current key names its successor, at once; or the region's DIRECTORY proposes one that `completeRotation`
    /// puts in place three days later. While a seconded flag stands, only the office can.
    function rotate(bytes32 subject, address signer) external;

    /// @notice The current key refuses the office's proposal, unless a seconded flag stands against its party.
    function vetoRotation(bytes32 subject) external;

    /// @notice Anybody puts a proposed key in place once its time has come.
    function completeRotation(bytes32 subject) external;

    /// @notice The caller's region recognises labs and items for its vouchers (纳入互认目录). Naming one again replaces its window.
    function recognise(bytes32[] calldata subjects, uint40 from, uint40 until) external;

    /// @notice The caller's region ends recognition (移出互认目录); orders already reserved go on.
    function withdraw(bytes32[] calldata subjects) external;

    /// @notice Any member stops a firm or lab everywhere (风险通告) for 30 days; each region once for each subject.
    function flag(bytes32 subject, bytes32 reason) external;

    /// @notice Another member makes a running flag last until it is lifted (附议).
    function second(bytes32 subject, bytes32 reason) external;

    /// @notice The region that set an unseconded flag takes it back.
    function unflag(bytes32 subject) external;

    /// @notice Anybody lifts a flag under a carried `LiftFlag` motion, whose region is the subject's own (解除通告). Only a
    /// flag that stood before the motion was carried; a later one is another and stays.
    function lift(Motion calldata motion) external;

    /// @notice Reverts unless the firm is enrolled in the region.
    function requireEnrolled(uint24 region, bytes32 firm) external view;

    /// @notice Reverts unless a voucher of `region` held by `firm` may be reserved at this lab and item now.
    function requireAdmissible(uint24 region, bytes32 firm, bytes32 lab, bytes32 item, bool itemised)
        external
        view
        returns (address firmSigner, address labSigner, uint24 labRegion);

    /// @notice Reverts if the lab is frozen, a party is flagged, or the firm itself would invoice for the lab.
    function requireServing(uint24 region, bytes32 firm, bytes32 lab)
        external
        view
        returns (address firmSigner, address labSigner, uint24 labRegion, bytes27 seller);

    /// @notice Whether lab or firm may not go on, or `account` is the present signer of one, and which of them. `labRegion` is 0
    /// for an unknown lab.
    function barOf(uint24 region, bytes32 firm, bytes32 lab, address account)
        external
        view
        returns (uint24 labRegion, Bar bar, bytes32 subject);

    /// @notice Whose key signs for a lab or firm now; 0 if it is unknown.
    function signsFor(bytes32 subject) external view returns (address);

    /// @notice Whether `account`, if it reviews, may release in the parties' place: the lab is no longer Active, or a flag on lab
    /// or firm was seconded, and it signs for neither of the two.
    function mayRelease(uint24 region, bytes32 firm, bytes32 lab, address account) external view returns (bool);

    /// @notice Whether a motion lifted a flag; each does so once.
    function used(bytes32 motion) external view returns (bool);
}
