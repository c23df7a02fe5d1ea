"""What `order`, `redeem`, `order release` and `wallet sign` have in common: prepare, check, sign, submit."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli import parsing
from registry.cli.arguments import NewFile, Yes, argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command
from registry.cli.documents import Document, DocumentMalformed, Finding, Kind, Party, examine, read_json, require_agreed
from registry.cli.session import Session
from registry.cli.settings import SettingRefused
from registry.codec import Domain
from registry.errors import Rejected, Unreachable
from registry.files import OWNER_ONLY, put_in_place, require_new
from registry.model import Fen, Id

PATHS: Mapping[Kind, str] = {Kind.ORDER: "/v1/orders", Kind.REDEMPTION: "/v1/redemptions", Kind.RELEASE: "/v1/releases"}

KIND_WORDS: Mapping[Kind, tuple[str, str]] = {
    Kind.ORDER: ("服务订单", "an order"),
    Kind.REDEMPTION: ("兑付申请", "a redemption"),
    Kind.RELEASE: ("释放同意书", "a release"),
}

# What a script must state to sign without being asked.
_STATED: Mapping[Kind, str | None] = {Kind.ORDER: "amount", Kind.REDEMPTION: "subsidy", Kind.RELEASE: None}

DocumentFile = Annotated[Path, argument(None, "FILE", "待签文件", "The document's file")]
DocumentFiles = Annotated[list[Path], argument(None, "FILE…", "已签文件，可多个（最多 100 个）", "Signed documents, up to 100")]
As = Annotated[Party, typer.Option("--as", help="以谁的身份签名：firm 或 lab。 Who signs: firm or lab.", show_default=False)]
StatedAmount = Annotated[
    Fen | None, option("--amount", parsing.money, "MONEY", "订单：同意锁定的额度", "An order: the amount that one agrees to")
]
StatedSubsidy = Annotated[
    Fen | None, option("--subsidy", parsing.money, "MONEY", "兑付申请：同意的补贴", "A redemption: the subsidy that one agrees to")
]


def prepare(session: Session, kind: Kind, file: Path, asked: Mapping[str, Any]) -> Answer:
    """Let the gateway prepare a document, check it, and keep it in a new file. Nothing is signed."""
    require_new(file)
    found = session.gateway.ask(f"{PATHS[kind]}/prepare", asked)
    kept = keep(session, file, Document.prepared(kind, asked, found))
    # What speaks against an order or a redemption now.
    return kept | {"reasons": found["reasons"]} if "reasons" in found else kept


def prepare_move(session: Session, release: Path, order: Path, old: Id, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Let the gateway prepare an order's release and the order that follows at another lab, check both, and keep each in a new file."""
    require_new(release, order)
    moved = {name: asked[name] for name in ("lab", "item", "valid_seconds") if asked.get(name) is not None}
    found = session.gateway.ask(f"/v1/orders/0x{old.hex()}/move/prepare", moved)
    released = {"order": "0x" + old.hex(), "valid_seconds": asked["valid_seconds"]}
    documents = {
        release: Document.prepared(Kind.RELEASE, released, found["release"]),
        order: Document.prepared(Kind.ORDER, asked, found["order"]),
    }
    return [keep(session, file, document) for file, document in documents.items()]


def prepare_claim(session: Session, order: Path, redemption: Path, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Let the gateway prepare the order and redemption of a claim that was in flight, check both, and keep each in a new file."""
    require_new(order, redemption)
    found = session.gateway.ask("/v1/openings/claims/prepare", asked)
    claim = Document.prepared(Kind.REDEMPTION, found["redemption_facts"], found["redemption"])
    if found["order"] is None:
        return [keep(session, redemption, claim)]
    # Of an order that is not reserved yet the gateway has nothing to tell, and nothing was rejected.
    kept = keep(session, order, Document.prepared(Kind.ORDER, found["order_facts"], found["order"]))
    return [kept, keep(session, redemption, claim, known={"attempt": 0, "order": kept["id"]})]


def keep(session: Session, file: Path, document: Document, *, known: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Check what a gateway prepared, and write it to a new file; `known` is what there is to compare it with besides."""
    known = _known(session, document) if known is None else known
    findings = examine(document, session.domain, now=int(time.time()), known=known)
    require_agreed(findings)
    document.write(file, new=True)
    return {"file": file, "kind": document.kind, "id": document.id, "fields": _told(findings)}


def submit_move(session: Session, old: Id, release: Path | None, order: Path) -> Answer:
    """Bring a move's documents; without a release, as a reviewer."""
    documents = {} if release is None else {"release": read_of(Kind.RELEASE, release)}
    documents["order"] = read_of(Kind.ORDER, order)
    for document in documents.values():
        document.record(session.domain)
    bodies = {name: _body(document) for name, document in documents.items()}
    found = session.post(f"/v1/orders/0x{old.hex()}/move", bodies)
    refused = any(each["refused"] is not None for each in found["outcomes"])
    return Told(found, Exit.REFUSED if refused else Exit.DONE)


def read_of(kind: Kind, file: Path) -> Document:
    """
    A document's file that is to be of this kind.

    Raises:
        DocumentMalformed: it is no document.
        SettingRefused: it is one of another kind.
    """
    document = Document.read(file)
    if document.kind is not kind:
        (found, found_en), (wanted, wanted_en) = KIND_WORDS[document.kind], KIND_WORDS[kind]
        raise SettingRefused("file", f"{file} 是{found}，不是{wanted}。", f"{file} is {found_en}, not {wanted_en}.")
    return document


def sign(session: Session, kind: Kind, file: Path, party: Party, *, yes: bool, stated: Mapping[str, object]) -> Answer:
    """Check a document once more, show it, sign it with the key in hand, and write the signature into the file."""
    domain, document = session.domain, read_of(kind, file)
    findings = _agreed(session, document, yes=yes, stated=stated)
    signed = _signed(document, session.key, party, domain)
    signed.write(file, new=False)
    return {"file": file, "kind": document.kind, "id": document.id, "signed_by": signed.signers(domain), "fields": _told(findings)}


def sign_answer(
    session: Session, asked: Path, prepared: Path, body: Path, party: Party, *, yes: bool, stated: Mapping[str, object]
) -> Answer:
    """
    The same for who speaks to the gateway without this tool: from what was asked and answered to a body that can be posted.

    A body that another party signed already is added to, if it is of the same document.
    """
    domain, document = session.domain, Document.answered(asked, prepared)
    findings = _agreed(session, document, yes=yes, stated=stated)
    signed = _signed(_with_signatures_of(body, document), session.key, party, domain)
    content = json.dumps(_unfinished_body(signed), ensure_ascii=False, indent=2).encode() + b"\n"
    put_in_place(body, content, mode=OWNER_ONLY)
    return {"file": body, "kind": document.kind, "id": document.id, "signed_by": signed.signers(domain), "fields": _told(findings)}


def _signed(document: Document, key: bytes, party: Party, domain: Domain) -> Document:
    """The same with one more signature, which is another account's than the other party's."""
    signed = document.signed_with(key, party, domain)
    signers = signed.signers(domain)
    signer = signers.pop(party)
    if signer in signers.values():
        raise Rejected("SameSigner", {"signer": signer})
    return signed


def _with_signatures_of(body: Path, document: Document) -> Document:
    if not body.exists():
        return document
    found = read_json(body)
    if found.get("typed_data") != document.typed_data:
        raise SettingRefused("body", f"{body} 是另一份文件，未签名。", f"{body} is another document; nothing was signed.")
    try:
        return document.with_signatures({party: found[f"{party}_signature"] for party in Party if f"{party}_signature" in found})
    except ValueError as malformed:
        raise DocumentMalformed(f"{body} 中的签名有误。 A signature in {body} is malformed: {malformed}") from malformed


def _agreed(session: Session, document: Document, *, yes: bool, stated: Mapping[str, object]) -> list[Finding]:
    known = {name: value for name, value in stated.items() if value is not None}
    wanted = _STATED[document.kind]
    if yes and wanted is not None and wanted not in known:
        raise SettingRefused(
            wanted, f"使用 --yes 时须用 --{wanted} 写明所同意的金额。", f"With --yes, state by --{wanted} what is agreed to."
        )
    findings = examine(document, session.domain, now=int(time.time()), known=_known(session, document) | known)
    require_agreed(findings)
    if not yes:
        _show(session, document, findings)
        if not session.screen.confirms("以上内容无误，签名？", "Is all of this as agreed? Sign it?"):
            raise SettingRefused("yes", "未确认，未签名。", "Not confirmed; nothing was signed.")
    return findings


def submit(session: Session, kind: Kind, files: list[Path]) -> Answer:
    """Bring what was signed: one document by its own route, several together, each on its own."""
    documents = [read_of(kind, file) for file in files]
    for document in documents:
        document.record(session.domain)
    if len(documents) == 1:
        return session.post(PATHS[kind], _body(documents[0]))
    found = session.post("/v1/submissions", {"documents": [_body(each) for each in documents]})
    outcomes = [{"file": str(files[each["index"]])} | each for each in found["outcomes"]]
    refused = any(each["refused"] is not None for each in outcomes)
    return Told(found | {"outcomes": outcomes}, Exit.REFUSED if refused else Exit.DONE)


def add_signing(app: typer.Typer, kind: Kind, words: str, *, stated: str) -> None:
    """Add `sign` and `submit` to a kind's group. `words` is how it is typed, `stated` what the example's signer states."""

    @command(
        app,
        "sign",
        uses=Uses.KEY | Uses.DOMAIN | Uses.GATEWAY,
        example=f"tongquan {words} sign {words.replace(' ', '-')}.json --as lab {stated}--yes",
    )
    def sign_(
        session: Session, file: DocumentFile, *, party: As, amount: StatedAmount = None, subsidy: StatedSubsidy = None, yes: Yes = False
    ) -> Answer:
        """
        核对并签名；与所要求的不符即拒签（退出码 5）。 Check and sign; refuse what differs from what was asked (exit status 5).

        关联标识（项目、合同、发票）须有联盟密钥才能核对，此处只列出，请自行确认。
        Tags (project, agreement, invoice) cannot be checked without the consortium's key; they are shown with the facts behind them.
        """
        return sign(session, kind, file, party, yes=yes, stated={"amount": amount, "subsidy": subsidy})

    @command(app, "submit", uses=Uses.DOMAIN | Uses.GATEWAY, example=f"tongquan {words} submit {words.replace(' ', '-')}.json")
    def submit_(session: Session, files: DocumentFiles) -> Answer:
        """
        提交双方已签的文件；重复提交不会重复办理。 Bring what was signed; bringing it again never does it twice.
        """
        return submit(session, kind, files)


def _body(document: Document) -> dict[str, Any]:
    missing = [party for party in Party if party not in document.signatures]
    if missing and not (document.kind is Kind.RELEASE and missing == [Party.FIRM]):
        raise Rejected("SignatureMissing", {"missing": missing})
    return _unfinished_body(document)


def _unfinished_body(document: Document) -> dict[str, Any]:
    signatures = {f"{party}_signature": "0x" + signature.hex() for party, signature in document.signatures.items()}
    return {"typed_data": dict(document.typed_data)} | signatures


def _known(session: Session, document: Document) -> dict[str, object]:
    """What the signer's own gateway answers to another question than the one that it prepared."""
    known: dict[str, object] = {}
    if document.kind is Kind.ORDER and session.settings.lab is not None and document.asked.get("lab") is None:
        known["lab"] = parsing.record_id(session.settings.lab)
    if session.settings.gateway_url is None:
        return known
    if document.kind is Kind.ORDER:
        found = session.gateway.ask("/v1/verifications", {"voucher": document.asked["voucher"]})
        if found["status"] in ("UNKNOWN", "STALE"):
            raise Unreachable(f"{found['status']}: 网关的节点未跟上。 The gateway's node does not follow.")
        if found["voucher"] is None:
            raise Rejected("UnknownVoucher")
        return known | {"voucher": parsing.record_id(found["voucher"]["voucher_id"])}
    order = session.gateway.get(f"/v1/orders/{document.asked['order']}")
    return known | {"attempt": order["attempt"]}


def _show(session: Session, document: Document, findings: list[Finding]) -> None:
    session.screen.table([{"field": name, "value": value} for name, value in _flat(document.asked)])
    session.screen.table(_told(findings))


def _flat(asked: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in asked.items():
        found += _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else [(above + name, value)]
    return found


def _told(findings: list[Finding]) -> list[dict[str, Any]]:
    return [{"field": each.field, "value": _value(each.value), "check": each.check.value} for each in findings]


def _value(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


__all__ = [
    "As",
    "DocumentFile",
    "NewFile",
    "StatedAmount",
    "StatedSubsidy",
    "add_signing",
    "prepare",
    "prepare_claim",
    "read_of",
    "sign",
    "sign_answer",
    "submit",
]
