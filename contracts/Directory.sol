// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium, Motion, MotionKind} from "./interfaces/IConsortium.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {Firm, Item, Lab, Role, Standing} from "./interfaces/Records.sol";
import {RecordId} from "./libraries/RecordId.sol";

uint40 constant ROTATION_DELAY = 3 days;
uint40 constant FLAG_PERIOD = 30 days;
uint40 constant UNTIL_LIFTED = type(uint40).max;

contract Directory is IDirectory {
    using RecordId for Lab;
    using RecordId for Motion;

    IConsortium public immutable consortium;

    mapping(bytes32 lab => LabState) public labs;
    mapping(bytes32 firm => FirmState) public firms;
    mapping(bytes32 item => bytes32 lab) public items;
    mapping(uint24 region => mapping(bytes32 subject => Window)) public recognitions;
    mapping(bytes32 subject => Rotation) public rotations;
    mapping(bytes32 subject => Flag) public flags;
    mapping(bytes32 subject => mapping(uint24 region => bool)) public flaggedBy;
    mapping(bytes32 motion => bool) public used;

    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    function labId(Lab calldata lab) external pure returns (bytes32) {
        return lab.id();
    }

    function itemId(Item calldata item) external pure returns (bytes32) {
        return RecordId.itemId(item.lab, item.code);
    }

    function firmId(Firm calldata firm) external pure returns (bytes32) {
        return RecordId.firmId(firm.region, firm.firm);
    }

    // Labs, by their host region

    function admit(Lab calldata lab, address signer, bytes32 seller, uint40 qualifiedUntil) external {
        bytes32 id = lab.id();

        _requireDirectory(lab.region);
        if (labs[id].standing != Standing.None) revert AlreadyAdmitted(id);
        if (bytes(lab.code).length == 0) revert InvalidCode();
        if (seller == 0) revert InvalidTag(seller);
        _requireFreeSigner(signer);

        labs[id] = LabState({
            signer: signer,
            region: lab.region,
            standing: Standing.Active,
            flaggedUntil: 0,
            seller: bytes27(seller),
            qualifiedUntil: qualifiedUntil
        });

        emit LabAdmitted(id, lab, signer, seller, qualifiedUntil);
    }

    function renew(bytes32 lab, bytes32 seller, uint40 qualifiedUntil) external {
        _requireHost(lab);
        if (seller == 0) revert InvalidTag(seller);

        labs[lab].seller = bytes27(seller);
        labs[lab].qualifiedUntil = qualifiedUntil;

        emit LabRenewed(lab, seller, qualifiedUntil);
    }

    function list(bytes32 lab, string[] calldata codes) external {
        _requireHost(lab);

        for (uint256 i = 0; i < codes.length; ++i) {
            bytes32 item = RecordId.itemId(lab, codes[i]);
            if (bytes(codes[i]).length == 0) revert InvalidCode();
            if (items[item] != 0) revert AlreadyListed(item);

            items[item] = lab;

            emit ItemListed(item, lab, codes[i]);
        }
    }

    function suspend(bytes32 lab) external {
        Standing standing = _requireHost(lab);

        if (standing != Standing.Active) revert WrongStanding(lab, standing);

        _setStanding(lab, Standing.Suspended);
    }

    function exit(bytes32 lab) external {
        Standing standing = _requireHost(lab);

        if (standing != Standing.Active && standing != Standing.Suspended) revert WrongStanding(lab, standing);

        _setStanding(lab, Standing.Exited);
    }

    function freeze(bytes32 lab) external {
        Standing standing = _requireHost(lab);

        if (standing == Standing.Frozen) revert WrongStanding(lab, standing);

        _setStanding(lab, Standing.Frozen);
    }

    function reinstate(bytes32 lab) external {
        Standing standing = _requireHost(lab);

        if (standing == Standing.Active) revert WrongStanding(lab, standing);

        _setStanding(lab, Standing.Active);
    }

    // Firms, by their home region, and everybody's keys

    function enrol(Firm calldata firm, address signer) external {
        bytes32 id = RecordId.firmId(firm.region, firm.firm);

        _requireDirectory(firm.region);
        if (firms[id].signer != address(0)) revert AlreadyEnrolled(id);
        if (firm.firm == 0) revert InvalidTag(firm.firm);
        _requireFreeSigner(signer);

        firms[id] = FirmState({signer: signer, flaggedUntil: 0, region: firm.region});

        emit FirmEnrolled(id, firm, signer);
    }

    function rotate(bytes32 subject, address signer) external {
        (address current, uint24 region) = _subject(subject);
        _requireFreeSigner(signer);

        if (msg.sender == current) {
            _requireNotSeconded(subject);
            delete rotations[subject];
            _setSigner(subject, signer);
        } else {
            _requireDirectory(region);
            uint40 from = uint40(block.timestamp) + ROTATION_DELAY;
            rotations[subject] = Rotation({signer: signer, from: from});

            emit RotationProposed(subject, signer, from);
        }
    }

    function vetoRotation(bytes32 subject) external {
        (address current,) = _subject(subject);
        address proposed = rotations[subject].signer;

        if (msg.sender != current) revert NotSigner(msg.sender, subject);
        if (proposed == address(0)) revert NoRotation(subject);
        _requireNotSeconded(subject);

        delete rotations[subject];

        emit RotationVetoed(subject, proposed);
    }

    function completeRotation(bytes32 subject) external {
        Rotation memory rotation = rotations[subject];

        if (rotation.signer == address(0)) revert NoRotation(subject);
        if (block.timestamp < rotation.from) revert RotationNotYet(subject, rotation.from);
        _requireFreeSigner(rotation.signer);

        delete rotations[subject];
        _setSigner(subject, rotation.signer);
    }

    // Whose vouchers may be spent where, by the issuing region

    function recognise(bytes32[] calldata subjects, uint40 from, uint40 until) external {
        uint24 region = _regionOfSender();

        if (from > until) revert InvalidWindow(from, until);

        for (uint256 i = 0; i < subjects.length; ++i) {
            bytes32 subject = subjects[i];
            if (labs[subject].standing == Standing.None && items[subject] == 0) revert UnknownSubject(subject);

            recognitions[region][subject] = Window({from: from, until: until});

            emit Recognised(region, subject, from, until);
        }
    }

    function withdraw(bytes32[] calldata subjects) external {
        uint24 region = _regionOfSender();

        for (uint256 i = 0; i < subjects.length; ++i) {
            Window storage window = recognitions[region][subjects[i]];
            if (window.until < block.timestamp) revert NotRecognised(region, subjects[i]);

            window.until = uint40(block.timestamp) - 1;

            emit Withdrawn(region, subjects[i]);
        }
    }

    // What stops a party everywhere, by any member

    function flag(bytes32 subject, bytes32 reason) external {
        uint24 region = _regionOfSender();
        _subject(subject);

        if (flaggedBy[subject][region]) revert FlaggedBefore(subject, region);
        if (flags[subject].until >= block.timestamp) revert SubjectFlagged(subject, flags[subject].until);

        uint40 until = uint40(block.timestamp) + FLAG_PERIOD;
        flaggedBy[subject][region] = true;
        flags[subject] = Flag({by: region, seconder: 0, since: uint40(block.timestamp), until: until});
        _setFlaggedUntil(subject, until);

        emit Flagged(subject, region, reason, until);
    }

    function second(bytes32 subject, bytes32 reason) external {
        uint24 region = _regionOfSender();
        Flag storage current = flags[subject];

        if (current.until < block.timestamp || current.until == 0) revert NotFlagged(subject);
        if (current.seconder != 0) revert AlreadySeconded(subject);
        if (current.by == region) revert OwnFlag(subject, region);

        current.seconder = region;
        current.until = UNTIL_LIFTED;
        _setFlaggedUntil(subject, UNTIL_LIFTED);

        emit FlagSeconded(subject, region, reason);
    }

    function unflag(bytes32 subject) external {
        uint24 region = _regionOfSender();
        Flag memory current = flags[subject];

        if (current.until < block.timestamp || current.until == 0) revert NotFlagged(subject);
        if (current.seconder != 0) revert AlreadySeconded(subject);
        if (current.by != region) revert NotOwnFlag(subject, region);

        _lift(subject, region);
    }

    function lift(Motion calldata motion) external {
        bytes32 id = motion.id();
        (, uint24 region) = _subject(motion.subject);

        if (motion.kind != MotionKind.LiftFlag || motion.region != region) revert WrongMotion();
        if (used[id]) revert MotionUsed(id);
        uint40 carriedAt = consortium.requireCarried(motion);
        Flag memory current = flags[motion.subject];
        if (current.until < block.timestamp || current.since >= carriedAt) revert NotFlagged(motion.subject);

        used[id] = true;
        _lift(motion.subject, 0);
    }

    // What the registry asks

    function requireEnrolled(uint24 region, bytes32 firm) external view {
        if (firms[RecordId.firmId(region, firm)].signer == address(0)) revert FirmNotEnrolled(region, firm);
    }

    function requireAdmissible(uint24 region, bytes32 firm, bytes32 lab, bytes32 item, bool itemised)
        external
        view
        returns (address firmSigner, address labSigner, uint24 labRegion)
    {
        bytes32 id = RecordId.firmId(region, firm);
        FirmState memory holder = firms[id];
        LabState memory host = labs[lab];

        if (holder.signer == address(0)) revert FirmNotEnrolled(region, firm);
        if (holder.flaggedUntil >= block.timestamp) revert SubjectFlagged(id, holder.flaggedUntil);
        if (host.standing == Standing.None) revert UnknownLab(lab);
        if (host.flaggedUntil >= block.timestamp) revert SubjectFlagged(lab, host.flaggedUntil);
        if (host.standing != Standing.Active) revert LabNotActive(lab, host.standing);
        if (block.timestamp > host.qualifiedUntil) revert NotQualified(lab, host.qualifiedUntil);
        if (host.seller == bytes27(firm)) revert SellerIsFirm(lab, firm);
        if (item == 0 && itemised) revert ItemRequired(lab);
        if (item != 0 && items[item] != lab) revert ItemNotListed(item, lab);
        if (itemised || host.region != region) _requireRecognised(region, lab);
        if (itemised) _requireRecognised(region, item);

        return (holder.signer, host.signer, host.region);
    }

    function requireServing(uint24 region, bytes32 firm, bytes32 lab)
        external
        view
        returns (address firmSigner, address labSigner, uint24 labRegion, bytes27 seller)
    {
        bytes32 id = RecordId.firmId(region, firm);
        FirmState memory holder = firms[id];
        LabState memory host = labs[lab];

        if (holder.flaggedUntil >= block.timestamp) revert SubjectFlagged(id, holder.flaggedUntil);
        if (host.flaggedUntil >= block.timestamp) revert SubjectFlagged(lab, host.flaggedUntil);
        if (host.standing == Standing.Frozen) revert LabFrozen(lab);
        if (host.seller == bytes27(firm)) revert SellerIsFirm(lab, firm);

        return (holder.signer, host.signer, host.region, host.seller);
    }

    function barOf(uint24 region, bytes32 firm, bytes32 lab, address account)
        external
        view
        returns (uint24 labRegion, Bar bar, bytes32 subject)
    {
        bytes32 id = RecordId.firmId(region, firm);
        LabState storage host = labs[lab];
        FirmState storage holder = firms[id];
        (address labSigner, Standing standing, uint40 labFlaggedUntil) = (host.signer, host.standing, host.flaggedUntil);
        (address firmSigner, uint40 firmFlaggedUntil) = (holder.signer, holder.flaggedUntil);
        labRegion = host.region;

        if (standing == Standing.Frozen) return (labRegion, Bar.LabFrozen, lab);
        if (labFlaggedUntil >= block.timestamp) return (labRegion, Bar.LabFlagged, lab);
        if (firmFlaggedUntil >= block.timestamp) return (labRegion, Bar.FirmFlagged, id);
        if (labSigner == account) return (labRegion, Bar.OwnCase, lab);
        if (firmSigner == account) return (labRegion, Bar.OwnCase, id);
    }

    function signsFor(bytes32 subject) external view returns (address signer) {
        signer = labs[subject].signer;
        if (signer == address(0)) signer = firms[subject].signer;
    }

    function mayRelease(uint24 region, bytes32 firm, bytes32 lab, address account) external view returns (bool) {
        FirmState storage holder = firms[RecordId.firmId(region, firm)];
        LabState storage host = labs[lab];

        if (host.signer == account || holder.signer == account) return false;
        return host.standing != Standing.Active || host.flaggedUntil == UNTIL_LIFTED || holder.flaggedUntil == UNTIL_LIFTED;
    }

    function _setStanding(bytes32 lab, Standing standing) private {
        labs[lab].standing = standing;

        emit StandingSet(lab, standing);
    }

    function _setSigner(bytes32 subject, address signer) private {
        if (labs[subject].standing != Standing.None) labs[subject].signer = signer;
        else firms[subject].signer = signer;

        emit KeyRotated(subject, signer);
    }

    function _setFlaggedUntil(bytes32 subject, uint40 until) private {
        if (labs[subject].standing != Standing.None) labs[subject].flaggedUntil = until;
        else firms[subject].flaggedUntil = until;
    }

    function _lift(bytes32 subject, uint24 region) private {
        delete flags[subject];
        _setFlaggedUntil(subject, 0);

        emit FlagLifted(subject, region);
    }

    function _subject(bytes32 subject) private view returns (address signer, uint24 region) {
        LabState storage lab = labs[subject];
        FirmState storage firm = firms[subject];
        (signer, region) = lab.standing != Standing.None ? (lab.signer, lab.region) : (firm.signer, firm.region);
        if (signer == address(0)) revert UnknownSubject(subject);
    }

    function _regionOfSender() private view returns (uint24 region) {
        (region,,) = consortium.accounts(msg.sender);
        _requireDirectory(region);
    }

    function _requireDirectory(uint24 region) private view {
        if (!consortium.holds(msg.sender, region, Role.Directory)) revert NotDirectory(msg.sender, region);
    }

    function _requireHost(bytes32 lab) private view returns (Standing standing) {
        standing = labs[lab].standing;
        if (standing == Standing.None) revert UnknownLab(lab);
        _requireDirectory(labs[lab].region);
    }

    // An office's account in a party's place would let one hand sign and review.
    function _requireFreeSigner(address signer) private view {
        if (signer == address(0)) revert InvalidSigner(signer);
        (uint24 region,,) = consortium.accounts(signer);
        if (region != 0) revert SignerHoldsRole(signer);
    }

    // While two regions hold a flag against a party, its key may be a thief's and has no say in who comes next.
    function _requireNotSeconded(bytes32 subject) private view {
        if (flags[subject].seconder != 0) revert SubjectFlagged(subject, flags[subject].until);
    }

    function _requireRecognised(uint24 region, bytes32 subject) private view {
        Window memory window = recognitions[region][subject];
        if (window.from > block.timestamp || block.timestamp > window.until) revert NotRecognised(region, subject);
    }
}
