"""
What states are called in Chinese and in English, by the field that holds them: one name may mean another thing in another field.

Pure. Sentences about refusals, workbooks and the command line all take their words from here.
"""

from collections.abc import Mapping

Words = tuple[str, str]

STATE_WORDS: Mapping[str, Mapping[str, Words]] = {
    "bar": {
        "NONE": ("无", "nothing"),
        "LAB_FROZEN": ("服务机构已冻结", "the lab is frozen"),
        "LAB_FLAGGED": ("服务机构有风险通告", "the lab is flagged"),
        "FIRM_FLAGGED": ("企业有风险通告", "the firm is flagged"),
        "OWN_CASE": ("审核账户就是一方的签名账户，须回避", "the reviewer's account signs for a party itself"),
    },
    "event": {
        "Reserved": ("锁定额度", "Reserved"),
        "Approved": ("审核确认", "Approved"),
        "Declined": ("不予确认", "Declined"),
        "Released": ("释放额度", "Released"),
        "Redeemed": ("申请兑付", "Redeemed"),
        "Endorsed": ("初审", "Endorsed"),
        "Accepted": ("审核通过", "Accepted"),
        "Rejected": ("退回补正", "Rejected"),
        "Settled": ("拨付", "Settled"),
        "Reversed": ("冲销", "Reversed"),
        "Refunded": ("资金已退回", "Refunded"),
    },
    "kind": {
        "NONE": ("无", "none"),
        "ADMIT": ("吸收成员", "admit a region"),
        "SUSPEND": ("暂停成员", "suspend a region"),
        "REINSTATE": ("恢复成员", "reinstate a region"),
        "NAME_CARETAKER": ("指定代管审核机构", "name a caretaker"),
        "REPLACE_KEYS": ("更换地区密钥", "replace a region's keys"),
        "AUTHORISE_REGISTRY": ("授权登记合约", "authorise a registry"),
        "RETIRE_REGISTRY": ("登记合约退役", "retire a registry"),
        "CLOSE_REGISTRY": ("关闭登记合约", "close a registry"),
        "AUTHORISE_CLAIMANT": ("授权占用发票的合约", "authorise a claimant on invoices"),
        "VOID_CLAIM": ("作废发票占用", "void a claim on an invoice"),
        "LIFT_FLAG": ("解除通告", "lift a flag"),
    },
    "reason": {
        "NotPaid": ("链上已兑付，无付款记录", "NotPaid"),
        "NotSettled": ("已付款，链上尚未兑付", "NotSettled"),
        "NotOnChain": ("付款记录所列订单链上没有", "NotOnChain"),
        "AmountDiffers": ("金额不符", "AmountDiffers"),
        "PaidTwice": ("重复付款", "PaidTwice"),
        "WrongPayee": ("收款方不符", "WrongPayee"),
        "ReferenceDiffers": ("付款流水号不符", "ReferenceDiffers"),
        "NotRefunded": ("链上已退回，无退款记录", "NotRefunded"),
        "RefundNotOnChain": ("有退款记录，链上未登记", "RefundNotOnChain"),
        "Returned": ("退票，尚未重付", "Returned"),
    },
    "role": {
        "NONE": ("无", "none"),
        "ISSUER": ("发券", "issuer"),
        "REVIEWER": ("审核", "reviewer"),
        "PAYER": ("拨付", "payer"),
        "DIRECTORY": ("名录", "directory"),
        "ADMIN": ("管理账户", "admin"),
        "RECOVERY": ("恢复密钥", "recovery key"),
    },
    "stage": {
        "NONE": ("未提交", "never brought"),
        "REQUESTED": ("待审核确认", "Requested"),
        "OPEN": ("已锁定，可服务", "Open"),
        "REDEEMED": ("已申请兑付", "Redeemed"),
        "ENDORSED": ("初审通过", "Endorsed"),
        "ACCEPTED": ("待拨付", "Accepted"),
        "SETTLED": ("已兑付", "Settled"),
        "REVERSED": ("已冲销", "Reversed"),
        "REFUNDED": ("资金已退回", "Refunded"),
        "RELEASED": ("已释放", "Released"),
    },
    "standing": {
        "NONE": ("未登记", "not admitted"),
        "ACTIVE": ("有效", "active"),
        "SUSPENDED": ("暂停", "suspended"),
        "EXITED": ("退出", "gone"),
        "FROZEN": ("冻结", "frozen"),
    },
    "status": {
        "NONE": ("未获授权", "not authorised"),
        "AUTHORISED": ("已获授权", "authorised"),
        "RETIRED": ("已退役", "retired"),
        "CLOSED": ("已关闭", "closed"),
    },
}
