"""
Why a party is stopped, so that every gateway can read it from the chain and nobody else can (通告事由).

The chain holds 32 bytes for the reason of a flag. Its words stay where they were given; its ground goes with them:

    reason = mark ‖ first 16 bytes of the salted hash of the words (`registry.tags.salted`)
    mark   = first 16 bytes of the tag of purpose `ground`: region that gives it, subject, ground

Whoever holds the consortium's key tries the few grounds there are. The same ground has another mark for another subject or region, so that
a reader of the chain learns nothing, not even that two are alike.
"""

from enum import StrEnum

from registry.model import Digest, Id, Region
from registry.tags import Keyring

_HALF = 16


class Ground(StrEnum):
    """The first three are what the field's papers name as fraud."""

    FALSE_STATEMENT = "FALSE_STATEMENT"
    FUNDS_OBTAINED = "FUNDS_OBTAINED"
    SERVICE_LOWERED = "SERVICE_LOWERED"
    OTHER = "OTHER"


GROUNDS = {
    Ground.FALSE_STATEMENT: ("虚报瞒报", "false or withheld statements"),
    Ground.FUNDS_OBTAINED: ("套取资金", "funds obtained by deceit"),
    Ground.SERVICE_LOWERED: ("降低服务标准", "service below its standard"),
    Ground.OTHER: ("其他", "another ground"),
}
"""Each in Chinese and English."""


def marked(keyring: Keyring, region: Region, subject: Id, ground: Ground, words: Digest) -> Digest:
    """The reason that goes to the chain: `ground` for the holders of the key, and the salted hash of the words."""
    return Digest(keyring.ground(region, subject, ground)[:_HALF] + words[:_HALF])


def ground_of(keyring: Keyring, region: Region, subject: Id, reason: bytes) -> Ground | None:
    """The ground that a reason names; None where it names none, or was given under a key that is not held."""
    epoch = reason[0]
    if epoch not in keyring.epochs:
        return None
    marks = {keyring.ground(region, subject, each, epoch=epoch)[:_HALF]: each for each in Ground}
    return marks.get(reason[:_HALF])


def words_in(reason: bytes) -> bytes:
    """The first 16 bytes of the salted hash of the words behind a reason."""
    return reason[_HALF:]
