"""What several entry points are tried with: times, accounts, altered claims, bad signatures, and what must not have moved."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from registry import codec, signing
from registry.codec import Domain
from registry.model import NO_ADDRESS, Address, Bar, Claim, Id, MotionKind, Record, Region
from tests.contracts.attacks.attacker import HALF_ORDER, ORDER_OF_CURVE
from tests.contracts.world import BEIJING, DAY, STRANGER, UNSIGNED, Life, Party, World, digest, tag

GRACE = 30 * DAY


def standing(*lives: Life) -> list[object]:
    """All that the contracts keep of some vouchers, orders, invoices, agreements and pools."""
    return [(life.state(), life.balance(), life.invoice(), life.agreement(), life.pool()) for life in lives]


def apart_from_pool(life: Life) -> list[object]:
    """All that the contracts keep of one order but the pool, which its neighbours share."""
    return [life.state(), life.balance(), life.invoice(), life.agreement()]


# Who may not, by the names that `seen.account` takes

NOT_REVIEWERS = ("stranger", "issuer", "payer", "directory", "admin", "recovery", "reviewer elsewhere")
NOT_PAYERS = ("stranger", "reviewer", "issuer", "directory", "admin", "recovery", "payer elsewhere")


def caretaker(world: World, region: Region, of: Region = BEIJING) -> LocalAccount:
    """Suspend a region and name another's reviewer to act for it."""
    world.suspend(region)
    reviewer = world.offices[of].reviewer
    world.decide(MotionKind.NAME_CARETAKER, region=region, account=reviewer)
    return reviewer


def skip_to_attempt(life: Life, attempt: int) -> None:
    """Make an open order one that was rejected so often."""
    registry = life.world.registry
    layout = registry.world.artifacts["VoucherRegistry"].storage_layout["storage"]
    (number,) = [int(each["slot"]) for each in layout if each["label"] == "orders"]
    slot = codec.keccak(life.order_id + _number(number))
    word = bytearray.fromhex(life.world.node.rpc("eth_getStorageAt", registry.address, "0x" + slot.hex(), "latest")[2:].zfill(64))
    word[-2] = attempt
    life.world.overwrite(registry, slot, bytes(word))
    life.redemption = replace(life.redemption, attempt=attempt)
    assert life.state().attempt == attempt


# What stops a party


def bar(life: Life, what: Bar) -> Id:
    """Freeze the lab, flag it, or flag the firm; whose id it is."""
    if what is Bar.LAB_FROZEN:
        life.world.directory.freeze(life.lab.id, by=life.host.directory)
        return life.lab.id
    subject = life.lab.id if what is Bar.LAB_FLAGGED else life.firm.id
    life.world.flag(subject)
    return subject


BARS = [Bar.LAB_FROZEN, Bar.LAB_FLAGGED, Bar.FIRM_FLAGGED]

# Claims that are not what the order keeps the evidence of

OTHER: dict[str, Any] = {
    "programme": digest("another programme"),
    "voucher": digest("another voucher"),
    "redemption": digest("another redemption"),
    "lab": digest("another lab"),
    "firm": tag("another firm"),
    "subsidy": 1,
    "consumed": 1,
    "stand_in": STRANGER.address,
    "endorser": STRANGER.address,
}


def altered(claim: Claim, field: str) -> Claim:
    """A claim with one field changed."""
    return replace(claim, **{field: OTHER[field]})


def evidence_differs(life: Life, claim: Claim, index: int = 0) -> dict[str, Any]:
    """The values of the refusal that an altered claim meets."""
    return {"index": index, "order": life.order_id, "evidence": life.state().evidence, "got": codec.evidence(claim)}


# Signatures that are not the party's on this record


@dataclass(frozen=True)
class Attempt:
    """Who had to sign what, and the one whom a forger may ask as well: the other party."""

    world: World
    record: Record
    signer: LocalAccount
    other: LocalAccount

    def by(self, account: LocalAccount, domain: Domain | None = None) -> bytes:
        return signing.sign(self.record, domain or self.world.domain, bytes(account.key))


def _number(value: int) -> bytes:
    return value.to_bytes(32, "big")


FORGERIES: dict[str, Callable[[Attempt], bytes]] = {
    "not signed, relayed": lambda _: UNSIGNED,
    "by a stranger": lambda attempt: attempt.by(STRANGER),
    "by the other party": lambda attempt: attempt.by(attempt.other),
    "on another record": lambda attempt: attempt.world.sign(_other_record(attempt.record), attempt.signer),
    "for another chain": lambda attempt: attempt.by(
        attempt.signer, Domain(attempt.world.node.chain_id + 1, Address(attempt.world.registry.address))
    ),
    "for another contract": lambda attempt: attempt.by(
        attempt.signer, Domain(attempt.world.node.chain_id, Address(attempt.world.programmes.address))
    ),
    "with the other parity": lambda attempt: _flip(attempt.by(attempt.signer)),
    "without s": lambda attempt: attempt.by(attempt.signer)[:32] + bytes(32),
    "without r": lambda attempt: bytes(32) + attempt.by(attempt.signer)[32:],
    "on no point of the curve": lambda _: _number(5) + _number(1),
    "out of range": lambda _: b"\xff" * 64,
}


def forged(world: World, record: Record, how: str, signer: LocalAccount, other: LocalAccount) -> tuple[bytes, dict[str, str]]:
    """A signature that is not the signer's on this record, and the values of the refusal when a stranger relays it."""
    signature = FORGERIES[how](Attempt(world, record, signer, other))
    got = STRANGER.address if signature == UNSIGNED else signing.signer_of(codec.digest(record, world.domain), signature)
    return signature, {"signer": signer.address, "got": got or NO_ADDRESS}


def _other_record(record: Record) -> Record:
    return replace(record, valid_until=record.valid_until + 1)  # type: ignore[call-arg, attr-defined]


def _flip(signature: bytes) -> bytes:
    return signature[:32] + bytes([signature[32] ^ 0x80]) + signature[33:]


def with_a_high_s(world: World, record: Record, party: Party) -> tuple[bytes, bytes, LocalAccount]:
    """
    Give a party a key under which one signature on this record exists in both forms, s in the upper half and in the lower.

    An s in the upper half hardly ever fits beside the parity bit. So s is chosen first, then the nonce, then the key:
    s = (digest + r · key) / nonce.
    """
    message = int.from_bytes(codec.digest(record, world.domain), "big")
    nonce = 7
    point = PrivateKey(_number(nonce)).public_key.point()
    s = HALF_ORDER + 1
    key = (s * nonce - message) * pow(point[0], -1, ORDER_OF_CURVE) % ORDER_OF_CURVE
    account = Account.from_key(_number(key))
    world.directory.rotate(party.id, account, by=party.signer)
    r, parity = _number(point[0]), point[1] & 1
    high, low = (r + _number(each << 255 | value) for each, value in ((parity, s), (1 - parity, ORDER_OF_CURVE - s)))
    assert signing.signer_of(codec.digest(record, world.domain), low) == account.address
    return high, low, account
