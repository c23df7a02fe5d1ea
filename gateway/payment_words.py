"""What is said to a person of every refusal of the payment book (`registry.batches`), by its code."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "AccountMissing": "收款方尚无经复核的收款账户，请先复核或剔除该订单。 A payee has no confirmed account.",
    "AccountOvertaken": "该版本已被复核或已有新的版本。 That version is confirmed already, or a newer one was proposed.",
    "AccountUnknown": "该收款方没有这一版本的账户。 The payee has no such version of an account.",
    "BatchEmpty": "没有可列入批次的订单。 There is no order to be paid in it.",
    "CutOffBeforeYear": "年终结账日早于预算年度。 The cut-off day is before the line's year begins.",
    "InOtherBatch": "该订单已在另一兑付批次中。 The order stands in another batch.",
    "LineBelowUsed": "预算金额低于已列入批次的金额。 The amount is below what the line's batches come to.",
    "LineUnknown": "没有该预算科目，请先设置。 There is no such budget line; set it first.",
    "ListDiffers": "批次清单已变化，请重新核对。 The list is not the one that you read; read it again.",
    "NoticeBackdated": "公示起始日早于今日。 A notice does not begin in the past.",
    "NoticeNotOver": "公示期未满。 The notice is not over.",
    "NotInBatch": "该订单不在此批次中。 The order is not in this batch.",
    "NotOwed": "该笔款项已不应再付（已冲销，或被通告、冻结）。 That payment is owed no more: a debt since, or its payee is stopped.",
    "NotWaiting": "该订单不在待拨付之列（或已被通告、冻结）。 The order does not wait for this payer under that programme, or is stopped.",
    "NumberTaken": "该文号已用于另一批次。 Another batch has that document number.",
    "OrderRepeated": "同一订单出现两次。 An order is named twice.",
    "OverBudgetLine": "超出预算科目余额。 It would exceed the budget line.",
    "PastCutOff": "已过年终结账日，请列入下一年度科目。 The line's cut-off day is over; use the next year's line.",
    "ReferenceUsed": "该付款流水号已登记于其他付款。 That bank reference stands for another payment.",
    "SameOfficer": "须由另一名经办人员办理（双人复核）。 Another officer has to do this.",
    "WrongBatchStage": "批次当前状态不能办理此事项。 The batch is at another stage.",
    "WrongRowState": "该订单在批次中的状态不能办理此事项。 The order is at another state in its batch.",
}
