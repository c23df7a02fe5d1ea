"""
What the attacks share: proof that nothing moved, words changed in raw calldata, and a second registry to act on.

"Nothing moved" is told by the storage roots of all five contracts, so no state can be forgotten.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from eth_account.signers.local import LocalAccount

from registry import codec, signing
from registry.model import Record, Signatures
from tests.contracts.world import UNSIGNED, Contract, World, refused

NOBODY = Signatures(firm=UNSIGNED, lab=UNSIGNED)
HALF_ORDER = 0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_5D576E73_57A4501D_DFE92F46_681B20A0
ORDER_OF_CURVE = 2 * HALF_ORDER + 1


def storage_roots(world: World, *more: Contract) -> dict[str, str]:
    """The root of each contract's storage."""
    contracts = (world.consortium, world.directory, world.invoices, world.registry, world.programmes, *more)
    newest = world.node.rpc("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - the call's own parameter
    return {f"{each.name} {each.address}": _storage_root(world, each.address, newest["number"], newest["hash"]) for each in contracts}


@lru_cache(maxsize=100)
def _storage_root(world: World, address: str, block: str, _block_hash: str) -> str:
    """Kept by the block's hash: what one refusal left is what the next one finds."""
    return str(world.node.rpc("eth_getProof", address, [], block)["storageHash"])


@contextmanager
def unmoved(world: World, *more: Contract) -> Iterator[None]:
    """
    Expect that no contract's state differs afterwards.

    For what is refused as a whole: after a mined `tryEach` anvil counts slots that an undone item only read as zero.
    """
    before = storage_roots(world, *more)
    yield
    assert storage_roots(world, *more) == before


@contextmanager
def fails(world: World, name: str, *more: Contract, **values: object) -> Iterator[None]:
    """Expect exactly this error, and that nothing moved; `more` are contracts besides the world's own."""
    with unmoved(world, *more), refused(name, **values):
        yield


@contextmanager
def acting_on(world: World, registry: Contract, programmes: Contract) -> Iterator[None]:
    """The world's registry is another one for a while."""
    before = world.registry, world.programmes
    world.registry, world.programmes = registry, programmes
    try:
        yield
    finally:
        world.registry, world.programmes = before


def signer_of(world: World, record: Record, signature: bytes) -> str:
    """Whose signature on a record for this registry the contract takes this for; the zero address if nobody's."""
    signer = signing.signer_of(codec.digest(record, world.domain), signature)
    return signer or "0x" + "00" * 20


def with_word(body: bytes, place: int, word: int) -> bytes:
    """Calldata with another 32-byte word at a place, counted from the arguments' first."""
    at = 4 + 32 * place
    return body[:at] + word.to_bytes(32) + body[at + 32 :]


def word_of(body: bytes, place: int) -> int:
    """The word at a place of calldata."""
    return int.from_bytes(body[4 + 32 * place :][:32])


def sign_words(world: World, record_type: type[Record], words: Sequence[bytes], who: LocalAccount) -> bytes:
    """A signature over a record of fixed size given as raw words, which need not be values of their types."""
    record_id = codec.keccak(codec.type_hash(record_type) + b"".join(words))
    return signing.sign_digest(codec.keccak(b"\x19\x01" + world.domain.separator + record_id), bytes(who.key))
