"""Why a mined call was refused: a receipt says that it was, and never why."""

from registry.errors import Rejected
from registry.ports import CannotServe, Node, Question, Receipt


def why_reverted(node: Node, question: Question, receipt: Receipt) -> Rejected:
    """
    The refusal of a call that was mined and reverted, found by asking it again.

    First as of the block before. If that would succeed, its cause stood before it in its own block, where several regions' calls for
    one voucher may meet; it changed nothing itself, so it is asked as of that block. If that would succeed too, or the node no longer
    keeps those states, nobody knows: `Reverted`.
    """
    for block in (receipt.block - 1, receipt.block):
        try:
            node.ask(question, block)
        except Rejected as refusal:
            return refusal
        except CannotServe:
            continue
    return Rejected("Reverted")
