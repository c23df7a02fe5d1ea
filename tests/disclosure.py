"""What would tell a reader of the chain something about a company, an invoice or a person, and what stands on the chain to be read."""

import hashlib

from registry.chain.devnode import DevNode
from registry.solidity import keccak


def tellings(text: str, region: int) -> dict[str, bytes]:
    """What would give a text away to whoever has a list of all such texts: itself, and hashes of it that need no key."""
    plain = {"": text, " with its region": f"{region}\0{text}", " of the label": f"tongquan bank reference\0{region}\0{text}"}
    found = {"text": text.encode(), "text in UTF-16": text.encode("utf-16-be")}
    for kind, form in plain.items():
        for name in ("sha256", "sha1", "md5", "sha3_256", "blake2b"):
            found[name + kind] = hashlib.new(name, form.encode()).digest()[:16]
        found["keccak" + kind] = keccak(form.encode())[:16]
    found["keccak of a word"] = keccak(text.encode().rjust(32, b"\0"))[:16]
    if text.isdigit():
        found["number"] = int(text).to_bytes(9).lstrip(b"\0")
    return found


def canonical_plain(text: str) -> str:
    """A code in the form that tags are made of."""
    return text.upper().replace("-", "").replace(" ", "")


def chain_bytes(node: DevNode, first: int) -> list[bytes]:
    """All input, topics and data of the transactions since a block."""
    found = []
    for number in range(first, node.block_number() + 1):
        block = node.rpc("eth_getBlockByNumber", hex(number), True)  # noqa: FBT003 - the call's own parameter
        for transaction in block["transactions"]:
            found.append(bytes.fromhex(transaction["input"][2:]))
            receipt = node.rpc("eth_getTransactionReceipt", transaction["hash"])
            for log in receipt["logs"]:
                found += [bytes.fromhex(each[2:]) for each in (*log["topics"], log["data"])]
    return found
