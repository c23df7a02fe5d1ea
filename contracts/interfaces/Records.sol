// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The records of Tongquan. A record is passed whole by the caller; its EIP-712 hashStruct (without domain) is its id, and
// the contracts keep state under that id. Money is integer fen (分), times are Unix seconds, and the last valid second of
// every time is inclusive. A `tag` (关联标识) is an epoch byte and 31 bytes of a keyed hash made off the chain.

/// @notice Who receives the money of a redemption.
enum Paid {
    Lab,
    Firm
}

/// @notice Whether the issuing region's reviewer approves an order (审核确认) before the service.
enum Approval {
    Never,
    CrossRegion,
    Always
}

/// @notice Whose reviewer makes the first review (初审) of a redemption.
enum FirstReview {
    None,
    Home,
    Host
}

/// @notice A lab's standing, set by its host region.
enum Standing {
    None,
    Active,
    Suspended,
    Exited,
    Frozen
}

/// @notice Where an order stands.
enum Stage {
    None,
    Requested,
    Open,
    Redeemed,
    Endorsed,
    Accepted,
    Settled,
    Reversed,
    Refunded,
    Released
}

/// @notice What an account may do for its region. Admin and Recovery are a region's own two keys and hold no other role.
enum Role {
    None,
    Issuer,
    Reviewer,
    Payer,
    Directory,
    Admin,
    Recovery
}

/// @notice One step of the subsidy rule (分段补贴档): up to `upTo` fen of cost, `bps` ten-thousandths of it are paid.
struct Slice {
    uint64 upTo;
    uint16 bps;
}

/// @notice A kind of voucher (券种), fixed for ever once opened.
/// @param region Region code (GB/T 2260) of the issuing region (发券地).
/// @param code The region's own name for it, for example `CX-KJQ-2013`.
/// @param payer Region whose payer settles; 0 means the payer of the lab's own region, netted at month close.
/// @param paidHome Who is paid when the lab is in the issuing region.
/// @param paidAcross Who is paid when it is not.
/// @param approval When an order needs approval before the service.
/// @param firstReview Who endorses a redemption before it is accepted.
/// @param itemised True if lab and item must both be recognised, at home too.
/// @param minPartners 0 or 1 for an ordinary voucher; n for a joint voucher (联合券) of at least n distinct firms.
/// @param holdDays How many days an order stays open, unless claim-by comes first.
/// @param slices 1 to 6 steps; limits rise strictly, rates never do. The last limit is where subsidy ends.
/// @param policyHash Canonical hash of the programme file without this field.
struct Programme {
    uint24 region;
    string code;
    uint24 payer;
    Paid paidHome;
    Paid paidAcross;
    Approval approval;
    FirstReview firstReview;
    bool itemised;
    uint8 minPartners;
    uint16 holdDays;
    Slice[] slices;
    bytes32 policyHash;
}

/// @notice A voucher (创新券): `face` fen in notes of `denomination`, for one firm.
/// @param denomination Smallest part a redemption can consume: `face` for an indivisible note, 1 for divisible money.
/// @param useBy Last second at which it can be reserved (使用截止日).
/// @param claimBy Last second at which an order on it can be redeemed, unless a reviewer grants more (兑付截止日).
/// @param firm Tag of the firm, in the programme's region.
/// @param serial Tag of the printed serial number.
struct Voucher {
    bytes32 programme;
    uint64 face;
    uint64 denomination;
    uint40 useBy;
    uint40 claimBy;
    bytes32 firm;
    bytes32 serial;
}

/// @notice What all vouchers of one `issue` call share.
struct Terms {
    bytes32 programme;
    uint64 face;
    uint64 denomination;
    uint40 useBy;
    uint40 claimBy;
}

/// @notice Who gets one voucher of an `issue` call.
struct Recipient {
    bytes32 firm;
    bytes32 serial;
}

/// @notice An order (服务订单): this voucher, this lab, this project, at most this amount. Signed by firm and lab.
/// @param item Instrument or service entry of the lab, or 0 for the lab as a whole.
/// @param project Tag of the firm's project.
/// @param amount Fen to reserve, in whole notes.
/// @param validUntil Last second at which the signatures hold; the order itself has its own deadline.
/// @param nonce Any number that makes two otherwise equal orders differ.
struct Order {
    bytes32 voucher;
    bytes32 lab;
    bytes32 item;
    bytes32 project;
    uint64 amount;
    uint40 validUntil;
    uint64 nonce;
}

/// @notice A redemption (申请兑付) of an open order. Signed by firm and lab.
/// @param attempt How often the order was rejected before.
/// @param cost Fen of eligible cost on the invoice.
/// @param subsidy Fen asked for.
/// @param agreement Tag of the service contract (服务合同).
/// @param invoice Tag of the invoice.
/// @param invoiceAmount Fen on the invoice, tax included.
/// @param result Salted hash of the result report.
struct Redemption {
    bytes32 order;
    uint8 attempt;
    uint64 cost;
    uint64 subsidy;
    bytes32 agreement;
    bytes32 invoice;
    uint64 invoiceAmount;
    bytes32 result;
    uint40 validUntil;
}

/// @notice A reviewer's signature in place of the party that is not paid.
/// @param reason Salted hash of the written reason; never 0.
struct StandIn {
    bytes32 redemption;
    bytes32 reason;
}

/// @notice Consent to release an order (释放额度).
struct Release {
    bytes32 order;
    uint8 attempt;
    uint40 validUntil;
}

/// @notice What a redeemed order is owed. Its hash, shortened, is the evidence that the order keeps.
/// @param consumed Fen of whole notes that the subsidy uses up.
/// @param standIn Reviewer who signed in place of the party that is not paid, or 0.
/// @param endorser Reviewer who made the first review, or 0.
struct Claim {
    bytes32 programme;
    bytes32 voucher;
    bytes32 order;
    bytes32 redemption;
    bytes32 lab;
    bytes32 firm;
    uint64 subsidy;
    uint64 consumed;
    address standIn;
    address endorser;
}

/// @notice A service provider (服务机构). Its id names it everywhere.
/// @param region Region code of the host region (服务地).
/// @param hostUnit Tag of its host unit (依托单位).
/// @param code Catalogue number in the host region.
struct Lab {
    uint24 region;
    bytes32 hostUnit;
    string code;
}

/// @notice An instrument or service entry of a lab (服务条目).
struct Item {
    bytes32 lab;
    string code;
}

/// @notice A firm (企业) as its home region enrols it.
struct Firm {
    uint24 region;
    bytes32 firm;
}

/// @notice A compact signature (EIP-2098). All zero means: not signed, the sender is the party.
struct Signature {
    bytes32 r;
    bytes32 vs;
}

/// @notice The two parties' signatures on one record.
/// @param reason With `redeem` only: if not 0, the signature of the party that is not paid is a reviewer's on a `StandIn`.
struct Signatures {
    Signature firm;
    Signature lab;
    bytes32 reason;
}
