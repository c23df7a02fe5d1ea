"""
`tongquan keys`: whose key signs for a firm or lab. The party changes it at once; its office only proposes, and the party may veto.

A party's own change is a transaction that the gateway prepares and the party signs. It is checked before: this chain, this registry's
directory, no money, exactly this call.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from registry import codec
from registry.cli import hsm, parsing, tag_keys
from registry.cli.arguments import SignerAddress, SubjectId, option
from registry.cli.command import Answer, Differs, Uses, command, group
from registry.cli.reading import one, several
from registry.cli.session import Session
from registry.facts import Fact, Facts
from registry.model import Id
from registry.party_transactions import MOST_GAS

app = group("企业与服务机构的签名密钥；关联标识密钥；设备中的角色密钥。 Keys of firms and labs, tag keys, role keys in devices.")

app.add_typer(tag_keys.app, name="tag")
app.add_typer(hsm.app, name="hsm")

_OWN = Uses.GATEWAY | Uses.DOMAIN | Uses.KEY

OwnSubject = Annotated[Id, option("--subject", parsing.record_id, "SUBJECT", "自己的编号", "One's own id")]


@command(app, "show", uses=Uses.GATEWAY | Uses.NODE, example="tongquan keys show $LAB")
def show(session: Session, subject: SubjectId) -> Answer:
    """
    显示由谁签名，以及更换的经过。 Show who signs for a party, and every change of it.
    """

    def shown(facts: Facts) -> Fact:
        return facts.key(subject) | {"history": facts.history_of_key(subject)}

    return one(session, f"/v1/keys/0x{subject.hex()}", "subject", subject, shown)


@command(app, "proposals", uses=Uses.GATEWAY | Uses.NODE, example="tongquan keys proposals")
def proposals(session: Session) -> Iterator[dict[str, Any]]:
    """
    列出待生效的更换提议。 List keys that offices proposed and that are not in place yet.
    """
    return several(session, "/v1/rotations", "rotations", lambda facts: map(facts.key, facts.proposals()))


@command(app, "rotate", uses=_OWN, example="tongquan keys rotate --subject $LAB --signer $NEW_SIGNER")
def rotate(session: Session, *, subject: OwnSubject, signer: SignerAddress) -> Answer:
    """
    用现有密钥立即更换为新账户。 Name one's new account at once, with the key in place.
    """
    asked = {"subject": "0x" + subject.hex(), "signer": signer}
    return _changed(session, "/v1/rotations/prepare", asked, codec.encode("rotate", subject, signer))


@command(app, "veto", uses=_OWN, example="tongquan keys veto --subject $LAB")
def veto(session: Session, *, subject: OwnSubject) -> Answer:
    """
    用现有密钥否决本地区提议的更换。 Refuse the office's proposal with the key in place.
    """
    return _changed(session, "/v1/rotations/veto/prepare", {"subject": "0x" + subject.hex()}, codec.encode("vetoRotation", subject))


@command(app, "propose", uses=Uses.GATEWAY, example="tongquan keys propose $LAB --signer $NEW_SIGNER")
def propose(session: Session, subject: SubjectId, *, signer: SignerAddress) -> Answer:
    """
    本地区为遗失密钥的一方提议新账户，三天内可被否决。 As the office, propose a key for a party that lost its own.
    """
    return session.post("/v1/rotations", {"subject": "0x" + subject.hex(), "signer": signer})


@command(app, "complete", uses=Uses.GATEWAY, example="tongquan keys complete $LAB")
def complete(session: Session, subject: SubjectId) -> Answer:
    """
    三天后使提议的账户生效。 Put a proposed key in place once its time has come.
    """
    return session.post("/v1/rotations/complete", {"subject": "0x" + subject.hex()})


def _changed(session: Session, path: str, asked: Mapping[str, Any], calldata: bytes) -> Answer:
    from eth_account import Account  # noqa: PLC0415 - slow to load

    chain_id, directory = session.directory
    transaction = session.gateway.ask(path, asked)["transaction"]
    require_as_asked(transaction, chain_id=chain_id, directory=directory, calldata=calldata)
    signed = Account.sign_transaction(dict(transaction), session.key)
    return session.post("/v1/rotations/submit", {"raw": "0x" + bytes(signed.raw_transaction).hex()})


def require_as_asked(transaction: Mapping[str, Any], *, chain_id: int, directory: str, calldata: bytes) -> None:
    """
    A prepared transaction is this very call, on this chain, for no money.

    Raises:
        Differs: it is not.
    """
    expected = {"chainId": chain_id, "to": directory, "data": "0x" + calldata.hex(), "gasPrice": 0, "value": 0}
    free = {"nonce", "gas"}
    wrong = {name: {"found": transaction.get(name), "expected": each} for name, each in expected.items() if transaction.get(name) != each}
    wrong |= {name: {"found": transaction[name], "expected": None} for name in transaction if name not in expected and name not in free}
    wrong |= {
        name: {"found": transaction.get(name), "expected": "number"}
        for name in free
        if type(transaction.get(name)) is not int or not 0 <= transaction[name] <= MOST_GAS
    }
    if wrong:
        raise Differs("TransactionDiffers", "网关准备的交易与所要求的不符，未签名。 It is not the call that was asked for.", wrong)
