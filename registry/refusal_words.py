"""
What every refusal says to a person, in Chinese and in English, with the values that help to act on it. Pure.

One sentence for each error of the contracts, and for each other code that a `Rejected` carries: a gateway tells it in a problem's
`detail`, the command line beside the code. Dates are China's, money is yuan, states are named. Ids are left to the values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from registry.china import LAST_SECOND, china_day_or_time, china_month
from registry.model import Bar, MotionKind, RegistryStatus, Role, Stage, Standing
from registry.money import yuan
from registry.state_words import NO_END, STATE_WORDS, Words

_WORDS: Mapping[str, Words] = {
    # Regions, accounts and motions
    "TooFewFounders": ("创始地区只有 {founders} 个，至少须有三个。", "There are {founders} founding regions; three are the fewest."),
    "InvalidRegion": (
        "地区 {region} 有误：须为六位代码，不涉及地区的议案为 0。",
        "Region {region} is not valid: a code has six digits, and a motion about no region names 0.",
    ),
    "UnknownRegion": ("地区 {region} 不是联盟成员。", "Region {region} is no member of the consortium."),
    "AlreadyMember": ("地区 {region} 已是联盟成员。", "Region {region} is a member already."),
    "NotActive": ("地区 {region} 已被暂停，或不是成员。", "Region {region} is suspended already, or no member."),
    "NotSuspended": ("地区 {region} 未被暂停。", "Region {region} is not suspended."),
    "InvalidAccount": ("账户不能为零地址。", "The account is the zero address."),
    "AccountTaken": (
        "账户 {account} 已有角色或曾有角色；一个账户只任一个地区的一个角色。",
        "Account {account} holds a role, or once did; an account has one role of one region for ever.",
    ),
    "NotAdmin": ("账户 {account} 不是地区的管理账户。", "Account {account} is no region's admin."),
    "NotRecovery": ("账户 {account} 不是该地区的恢复密钥账户。", "Account {account} is not the region's recovery key."),
    "NotRoleAccount": ("账户 {account} 不是本地区在任的角色账户。", "Account {account} holds no role of this region now."),
    "NotOffered": (
        "地区 {region} 未向账户 {account} 授予“{role}”。",
        "Region {region} did not offer account {account} the role of {role}.",
    ),
    "InvalidRole": ("“{role}”不是可以授予的角色。", "The role {role} is none that can be offered."),
    "InvalidCaretaker": (
        "账户 {account} 不能代管：须为其他地区在任的审核账户。",
        "Account {account} cannot be caretaker: it has to be another region's reviewer.",
    ),
    "InvalidMotion": ("“{kind}”议案不能这样办理。", "A motion of kind {kind} is not dealt with in this way."),
    "OwnCase": ("议案涉及地区 {region} 自己，该地区须回避。", "Region {region} does not vote on its own case."),
    "AlreadyVoted": ("地区 {region} 已就该议案表决。", "Region {region} voted on this motion already."),
    "MotionExpired": ("议案的表决已于 {expires} 截止。", "Votes on this motion were taken until {expires}."),
    "MotionTooLong": (
        "表决截止时间 {expires} 过晚，最晚为 {latest}。",
        "The motion takes votes until {expires}; the latest would be {latest}.",
    ),
    "NotCarried": (
        "议案尚未通过：{members} 个成员中有 {votes} 个赞成。",
        "The motion is not carried: {votes} of {members} members voted for it.",
    ),
    "NotYet": ("议案自 {from} 起方可执行。", "The motion can be enacted from {from} on."),
    "TooLate": ("议案应在 {until} 前执行，现已过期。", "The motion could be enacted until {until}."),
    "MotionVetoed": ("议案已被该地区的恢复密钥否决。", "The motion was vetoed by the region's recovery key."),
    "AlreadyEnacted": ("议案已经执行。", "The motion was enacted already."),
    "MotionOvertaken": (
        "议案于 {carriedAt} 通过，其后（{changedAt}）该地区的密钥已有变更，议案作废。",
        "The motion was carried on {carriedAt}, and what it is about changed on {changedAt}: it is overtaken.",
    ),
    "Suspended": ("地区 {region} 已被联盟暂停，不办理新业务。", "Region {region} is suspended; nothing new begins there."),
    # Months
    "SameRegion": ("发券地与服务地同为 {region}，无须月结。", "Region {region} closes no month with itself."),
    "InvalidMonth": ("{month} 不是月份。", "{month} is no month."),
    "MonthBeforeFounding": ("{month} 早于联盟成立的 {first}。", "Month {month} is before {first}, in which the consortium was founded."),
    "MonthNotOver": ("{month} 尚未结束，过后方可办理。", "Month {month} is not over yet."),
    "InvalidStatement": ("月结单哈希不能为零。", "The statement's hash is zero."),
    "NotOfEither": (
        "账户 {account} 既不是 {home} 也不是 {host} 的审核账户。",
        "Account {account} is a reviewer of neither region {home} nor region {host}.",
    ),
    "MonthIsClosed": ("{home} 与 {host} 之间 {month} 已经月结，不能更改。", "Month {month} is closed between regions {home} and {host}."),
    # Labs, items, firms and their keys
    "NotDirectory": ("账户 {account} 不是地区 {region} 的名录账户。", "Account {account} is no directory account of region {region}."),
    "AlreadyAdmitted": ("该服务机构已经登记。", "The lab is admitted already."),
    "AlreadyEnrolled": ("该企业已经登记。", "The firm is enrolled already."),
    "AlreadyListed": ("该服务条目已经登记。", "The item is listed already."),
    "UnknownLab": (
        "没有这家服务机构，或其所在地区尚未登记。",
        "There is no such lab, or its region has not admitted it yet.",
    ),
    "UnknownSubject": ("名录中没有该企业、服务机构或服务条目。", "The directory has no such firm, lab or item."),
    "InvalidCode": ("编码不能为空。", "The code is empty."),
    "InvalidTag": ("代码或券号不能为空。", "A company code or serial is missing."),
    "InvalidSigner": ("签名账户不能为零地址。", "The signer is the zero address."),
    "SignerHoldsRole": (
        "账户 {signer} 是地区的角色账户，不能作企业或服务机构的签名账户。",
        "Account {signer} holds a role of a region, and cannot sign for a firm or lab.",
    ),
    "WrongStanding": ("该服务机构现为“{standing}”，不能如此办理。", "This lab is {standing}, which rules that out."),
    "InvalidWindow": ("起始日 {from} 晚于截止日 {until}。", "The first day, {from}, is after the last, {until}."),
    "NotSigner": (
        "账户 {account} 不是该企业或服务机构现用的签名账户。",
        "Account {account} does not sign for that firm or lab.",
    ),
    "NoRotation": ("没有待生效的账户更换。", "No change of the signer is under way."),
    "RotationNotYet": ("账户更换自 {from} 起方可生效。", "The new signer can take effect from {from} on."),
    "NotRecognised": ("不在地区 {region} 现行的互认目录内。", "Region {region} does not recognise it now."),
    "ItemNotListed": ("该服务条目不是本服务机构登记的条目。", "That item is none that this lab has listed."),
    "ItemRequired": ("该券种按服务条目使用，请指明服务条目。", "Vouchers of this programme go by item: name one."),
    "FirmNotEnrolled": ("该企业未在地区 {region} 登记。", "The firm is not enrolled in region {region}."),
    "LabNotActive": ("该服务机构现为“{standing}”，不接受新订单。", "This lab is {standing} and takes no new orders."),
    "NotQualified": ("该服务机构的资质已于 {qualifiedUntil} 到期。", "This lab's qualification ended on {qualifiedUntil}."),
    "SellerIsFirm": ("开票单位就是该企业自己。", "The firm itself would invoice for the lab."),
    "LabFrozen": ("该服务机构已冻结（涉嫌欺诈），一切停办。", "This lab is frozen for suspected fraud, and nothing goes on."),
    "SubjectFlagged": (
        "该企业或服务机构有风险通告，暂停使用（截止：{until}）。",
        "That firm or lab is stopped by a flag (until: {until}).",
    ),
    "FlaggedBefore": (
        "地区 {region} 已单独通告过该对象一次，只能附议其他地区的通告。",
        "Region {region} flagged it alone once before; now it can only second another region's flag.",
    ),
    "NotFlagged": ("没有生效中的风险通告。", "There is no flag on it now."),
    "AlreadySeconded": ("通告已获附议，须由联盟议案解除。", "The flag was seconded: a motion of the consortium lifts it."),
    "OwnFlag": ("通告是地区 {region} 自己发布的，须由其他地区附议。", "Region {region} flagged it itself; another region seconds."),
    "NotOwnFlag": ("通告不是地区 {region} 发布的，不能由其解除。", "Region {region} did not flag it, and cannot take the flag back."),
    "WrongMotion": ("议案与所办事项不符。", "The motion is about something else."),
    "MotionUsed": ("该议案已经执行。", "The motion was carried out already."),
    # Invoices
    "MayNotClaim": ("登记合约 {registry}“{status}”，不能占用发票。", "Registry {registry} may not claim on invoices: it is {status}."),
    "MayNotFree": ("登记合约 {registry} 从未获授权，不能释放发票。", "Registry {registry} was never authorised to claim on invoices."),
    "InvoiceZero": ("没有指明发票。", "No invoice is named."),
    "CostZero": ("费用不能为零。", "The cost is zero."),
    "InvoiceSellerDiffers": ("该发票已按另一开票单位登记。", "The invoice was claimed before under another seller."),
    "InvoiceAmountDiffers": (
        "该发票已按金额 {amount} 元登记，与此次不同。",
        "The invoice was claimed before with an amount of {amount} yuan.",
    ),
    "InvoiceExceeded": (
        "发票金额 {amount} 元，已用 {claimed} 元，余额不足 {cost} 元。",
        "Of the invoice's {amount} yuan {claimed} are claimed already; the rest is less than {cost}.",
    ),
    "WrongStatus": ("登记合约 {registry} 现为“{status}”，议案不适用。", "Registry {registry} is {status}, which rules that motion out."),
    "ClaimVoided": ("该订单对发票的占用已经作废。", "That order's claim on its invoice was voided already."),
    "NotSuccessor": (
        "登记合约 {registry} 不是现行登记合约 {latest} 的后继。",
        "Registry {registry} does not succeed the latest one, {latest}.",
    ),
    "StillAuthorised": ("原登记合约 {registry} 尚未退役。", "The former registry {registry} is not retired yet."),
    # Programmes and the money set aside
    "NotIssuer": ("账户 {account} 不是地区 {region} 的发券账户。", "Account {account} is no issuer of region {region}."),
    "NotPayer": ("账户 {account} 不是地区 {region} 的拨付账户。", "Account {account} is no payer of region {region}."),
    "NotRegistry": ("只有登记合约可以如此调用，{account} 不是。", "Only the registry may call that, and {account} is not it."),
    "RegistryRetired": ("本登记合约已退役，不再开设券种或发放。", "This registry is retired: it opens and issues nothing more."),
    "ProgrammeExists": ("该券种已经开设。", "The programme is open already."),
    "ProgrammeKnownToPredecessor": ("该券种已在原登记合约开设。", "The programme was opened in the former registry."),
    "UnknownProgramme": ("没有这个券种。", "There is no such programme."),
    "InvalidHoldDays": ("锁定天数不能为零。", "The days for which an order holds are zero."),
    "InvalidSliceCount": ("分段补贴档须为一至六档，现为 {count} 档。", "A programme has one to six slices, not {count}."),
    "SliceLimitNotRising": (
        "分段补贴档的上限须逐档升高，{upTo} 元不高于前一档。",
        "The limits of slices rise, and {upTo} yuan is no more than the one before.",
    ),
    "SliceRateRising": (
        "分段补贴档的比例不得逐档升高，万分之 {bps} 高于前一档。",
        "The rates of slices do not rise, and {bps} (1/10,000) is more than the one before.",
    ),
    "BankReferenceUsed": ("该银行流水号已经登记。", "That bank reference was put on record already."),
    "AmountZero": ("金额不能为零。", "The amount is zero."),
    "PoolShort": (
        "预拨兑付资金不足：未占用 {free} 元，需 {amount} 元。",
        "The money set aside for the programme is not enough: {free} yuan are free, {amount} are needed.",
    ),
    # Vouchers and orders
    "NotReviewer": ("账户 {account} 不是地区 {region} 的审核账户。", "Account {account} is no reviewer of region {region}."),
    "InvalidDates": (
        "使用截止日 {useBy} 须未过，且不晚于兑付截止日 {claimBy}。",
        "The use-by, {useBy}, has to be in the future and not after the claim-by, {claimBy}.",
    ),
    "InvalidDenomination": (
        "面额 {face} 元须为最小抵用额 {denomination} 元的整数倍，均不为零。",
        "The face, {face} yuan, has to be a multiple of the denomination, {denomination} yuan, and neither is zero.",
    ),
    "VoucherExists": ("该券已经发放。", "The voucher was issued already."),
    "UnknownVoucher": ("没有这张券，或券与企业不符。", "There is no such voucher of this firm."),
    "VoucherMismatch": ("订单与创新券不符。", "The order is for another voucher."),
    "PastUseBy": ("该券的使用截止日为 {useBy}，已过期。", "This voucher could be used until {useBy}."),
    "NotWholeNotes": (
        "{amount} 元不是最小抵用额 {denomination} 元的整数倍。",
        "{amount} yuan is no multiple of the denomination, {denomination} yuan.",
    ),
    "OverAvailable": (
        "可用额度为 {available} 元，不足 {amount} 元。",
        "The voucher has {available} yuan available, less than {amount}.",
    ),
    "OrderSeen": ("该订单已提交过，现为“{stage}”。", "This order was brought before; its stage is {stage}."),
    "WholeVoucherOnly": (
        "联合券须整张使用：面额 {face} 元，订单为 {amount} 元。",
        "A joint voucher is used whole: {face} yuan, not {amount}.",
    ),
    "SignatureExpired": ("签名的有效期已于 {validUntil} 结束，请重新签署。", "The signatures were good until {validUntil}: sign anew."),
    "SameSigner": ("账户 {signer} 不能代表两方签名。", "Account {signer} cannot sign for both."),
    "NotSignedBy": ("缺少账户 {signer} 的有效签名。", "The valid signature of account {signer} is missing."),
    "WrongStage": ("订单现为“{stage}”，不能如此办理。", "The order's stage is {stage}, which rules that out."),
    "OrderMismatch": ("所签文件属于另一订单。", "What was signed is about another order."),
    "RedemptionMismatch": ("所附兑付申请与所报不符。", "The redemption is another than the claim names."),
    "PastClaimBy": ("兑付截止日 {claimBy} 已过。", "The claim-by, {claimBy}, is over."),
    "Barred": ("不能继续办理：{bar}。", "It cannot go on: {bar}."),
    "InvalidDeadline": (
        "新期限 {until} 须晚于现期限 {from}，且在 90 天以内。",
        "The new deadline, {until}, has to be after the present one, {from}, and at most 90 days ahead.",
    ),
    "PastDeadline": ("订单的期限 {deadline} 已过。", "The order's deadline, {deadline}, is over."),
    "WrongAttempt": (
        "文件为第 {got} 次申请而签，现应为第 {attempt} 次，请重新准备并签署。",
        "It was signed for attempt {got}, and this would be attempt {attempt}: prepare and sign it anew.",
    ),
    "OverOrder": (
        "补贴 {subsidy} 元超过订单锁定的 {amount} 元。",
        "The subsidy, {subsidy} yuan, is more than the {amount} that the order holds.",
    ),
    "OverRule": (
        "补贴 {subsidy} 元超过按规则可得的 {most} 元。",
        "The subsidy, {subsidy} yuan, is more than the {most} that the rule allows.",
    ),
    "TooFewPartners": (
        "联合券须有 {minPartners} 家联合企业下单，现有 {partners} 家。",
        "A joint voucher takes {minPartners} partners with an order; there are {partners}.",
    ),
    "StandInNotReviewer": (
        "代签账户 {account} 不是地区 {region} 的审核账户。",
        "Account {account}, which stood in, is no reviewer of region {region}.",
    ),
    "NoFirstReview": ("该券种没有初审。", "The programme has no first review."),
    "EvidenceDiffers": (
        "所据的申请与链上登记的不同，可能刚被他人办理，请重新查询订单。",
        "The claim is not the one on the chain; somebody may have acted just before: look at the order again.",
    ),
    "ReviewedBefore": (
        "账户 {account} 已初审或代签该订单，须由他人审核。",
        "Account {account} endorsed this order or stood in for a party: another one reviews it now.",
    ),
    "TooManyAttempts": ("该订单的申请次数已用尽。", "The order was rejected as often as it can be."),
    "InvalidRecovery": (
        "应追回金额 {recover} 元须大于零，且不超过补贴 {subsidy} 元。",
        "What is to be recovered, {recover} yuan, has to be more than zero and at most the subsidy, {subsidy} yuan.",
    ),
    "NotBatchable": ("批量提交只能含锁定额度、申请兑付与释放额度。", "Only reserve, redeem and release can be sent in a batch."),
    "TooLittleGas": ("交易的燃料（gas）不足以办理全部各笔。", "The transaction has too little gas for all of its calls."),
    "WrongProgrammes": ("券种合约 {programmes} 属于另一登记合约。", "The programmes contract {programmes} belongs to another registry."),
    "InvalidShortString": ("合约名称有误。", "A contract's own name is malformed."),
    "StringTooLong": ("合约名称“{str}”过长。", "A contract's own name, {str}, is too long."),
    # What a node or a contract answers without an error of ours
    "Panic": ("合约运算出错（代码 {code}），多为合计超出可记的范围。", "A contract's arithmetic failed (code {code}): a sum is too large."),
    "Error": ("合约不予受理（{message}）。", "A contract refused ({message})."),
    "Malformed": ("该地址上没有所要的合约，或所发内容有误。", "No such contract stands there, or what was sent is malformed."),
    "Unreadable": ("合约给出了本版本不认识的答复。", "A contract answered what this version cannot read."),
    "OutOfGas": ("交易的燃料（gas）用尽。", "The transaction ran out of gas."),
    "NotAccepted": ("节点不接受该交易（{message}）。", "The node does not take the transaction ({message})."),
    "Reverted": (
        "提交后在链上未予受理，原因无从查明。",
        "It was refused on the chain after it was sent, and nobody can tell why.",
    ),
    # What is refused before it is sent
    "CodeRefused": ("代码或编号格式有误。", "A code or number is not valid."),
    "EpochsMixed": ("请用与该券同期登记的服务机构。", "Name the lab as it was admitted under the voucher's epoch of tags."),
    "FirmEnded": (
        "该企业已合并、注销或迁出，其创新券不再受理新订单。",
        "The firm merged, was struck off or moved away: its vouchers take no new order.",
    ),
    "LoadStuck": ("名录未能继续上链，请稍后重复同一命令。", "The catalogue could be loaded no further: repeat the same command later."),
    "NotFound": ("没有找到所查询的记录。", "There is no such record."),
    "OpeningStuck": (
        "存量券未能继续发放，请稍后重复同一命令。",
        "The older ledger's vouchers could be issued no further: repeat the same command later.",
    ),
    "PartnershipReached": (
        "联合券的伙伴数已达到，退出即失效，不能转移。",
        "Whoever leaves a partnership that was reached loses the voucher.",
    ),
    "PeriodNotOver": ("查询时段至 {until} 为止，尚未结束。", "The period runs until {until}, and is not over yet."),
    "PeriodReversed": ("查询时段的起始日 {from} 晚于截止日 {until}。", "The period begins on {from}, after its end, {until}."),
    "SignatureMissing": ("文件缺少所需的签名，或多了一方的签名。", "A signature that is needed is missing, or there is one too many."),
    "UnknownClaim": ("该订单没有占用发票。", "That order has no claim on an invoice."),
}

EXPLAINED = frozenset(_WORDS)
"""The codes that there are words for: every error of the contracts, and every other code that a `Rejected` carries."""

MONEY_OF_REFUSALS = frozenset(
    {"amount", "available", "claimed", "cost", "denomination", "face", "free", "most", "recover", "subsidy", "upTo"}
)
"""The values of the contracts' errors that are fen, by their Solidity names."""

_TIMES = frozenset(
    {"carriedAt", "changedAt", "claimBy", "deadline", "expires", "from", "latest", "qualifiedUntil", "until", "useBy", "validUntil"}
)
_SHOWN_AS: Mapping[str, Callable[[int], str]] = {
    **dict.fromkeys(MONEY_OF_REFUSALS, yuan),
    **dict.fromkeys(_TIMES, china_day_or_time),
    **dict.fromkeys(("current", "first", "month"), china_month),
    **dict.fromkeys(("attempt", "got"), lambda attempt: str(attempt + 1)),
}

_NAMES: Mapping[str, Mapping[int, str]] = {
    field: {each.value: each.name for each in kind}
    for field, kind in {
        "bar": Bar,
        "kind": MotionKind,
        "role": Role,
        "stage": Stage,
        "standing": Standing,
        "status": RegistryStatus,
    }.items()
}


def why_refused(code: str, values: Mapping[str, Any]) -> Words:
    """
    What a refusal says, in Chinese and in English; of a code that is not `EXPLAINED` only that it was refused.

    >>> why_refused("PastDeadline", {"deadline": 1_798_732_799})
    ('订单的期限 2026-12-31 已过。', "The order's deadline, 2026-12-31, is over.")
    """
    zh, en = _WORDS.get(code, ("登记系统不予受理。", "The registry refused."))
    return zh.format_map(_Shown(values, 0)), en.format_map(_Shown(values, 1))


class _Shown(dict[str, str]):
    """Values as a sentence in one language (0 Chinese, 1 English) has them; one that was not told is a dash."""

    def __init__(self, values: Mapping[str, Any], language: int) -> None:
        super().__init__({name: _shown(name, value, language) for name, value in values.items()})

    def __missing__(self, name: str) -> str:
        return "—"


def _shown(name: str, value: Any, language: int) -> str:
    told = named(name, value)
    if isinstance(told, str) and told != value:
        return STATE_WORDS[name][told][language]
    if not isinstance(value, int):
        return str(value)
    if name in _TIMES and value > LAST_SECOND:
        return NO_END[language]
    return _SHOWN_AS.get(name, str)(value)


def named(name: str, value: Any) -> Any:
    """
    A refusal's value, a state by its name in place of its number.

    >>> named("stage", 2), named("amount", 2)
    ('OPEN', 2)
    """
    return _NAMES.get(name, {}).get(value, value) if isinstance(value, int) else value
