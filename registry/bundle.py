"""
What a redemption is handed in with (兑付材料), held against what a programme asks for. Pure.

    Bundle                              documents by kind and hash, and what they state of contract, invoice, payment and report
    checklist(profile, bundle, …)       what holds, fails or is missing for one programme; one bundle can satisfy several
    neighbours(number, code)            the invoice numbers that one slip of the hand makes of another
    drawn(seed, orders, size)           a sample that anybody draws again

The profile is a programme file's `[policy.evidence]`. What is checked is what the parties state of their documents and that the documents
are there: nothing here reads a document, and nothing judges whether one is genuine. That is a reviewer's work.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.canonical import canonical_json
from registry.model import Digest, Fen, Id
from registry.money import yuan
from registry.policy import Decision, Evidence, Finding, Verdict
from registry.tags import CodeRefused, canonical, company_code, free_code, invoice_parts

FORMAT = "tongquan evidence bundle 1"
SHA256_DIGITS = 64

VOUCHER = "创新券"
"""What some programmes name among their evidence and nobody uploads: the voucher itself, which the order holds on the chain."""

COVERS: Mapping[str, frozenset[str]] = {"票据": frozenset({"发票", "财政票据"})}
"""General words for documents, and the kinds that each takes in: a 票据 is a tax invoice or a fiscal bill."""

PROOFS_OF_PAYMENT = frozenset({"收支凭证", "付款凭证"})
_REPORT_WORDS = ("成果", "报告")


# What is handed in


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BundleDocument:
    """
    One document: its kind in the programme's own word (服务合同, 发票, 成果报告 …), and the SHA-256 of its file, 64 hexadecimal digits.

    Raises:
        CodeRefused: the kind is empty or cannot be printed, or the hash is none.
    """

    kind: str
    sha256: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", free_code("kind of document", self.kind))
        if len(self.sha256) != SHA256_DIGITS or not set(self.sha256) <= set("0123456789abcdef"):
            raise CodeRefused("SHA-256", self.sha256, "64 hexadecimal digits in lower case are asked for")

    @property
    def is_report(self) -> bool:
        """Whether it is the result (成果): the document whose salted hash goes to the chain."""
        return any(word in self.kind for word in _REPORT_WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedContract:
    """
    What a service contract says; None where that is not stated. Codes become canonical.

    `seller` is who invoices; `registered` says whether it is registered as a technical contract (技术合同登记), `registration` under
    which number; `voucher_amount` is the voucher amount that its text names.

    Raises:
        CodeRefused: seller or a number is none.
    """

    seller: str
    number: str
    registered: bool | None = None
    registration: str | None = None
    voucher_amount: Fen | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "seller", company_code(self.seller))
        object.__setattr__(self, "number", free_code("contract number", self.number))
        if self.registration is not None:
            object.__setattr__(self, "registration", free_code("registration number", self.registration))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedInvoice:
    """
    An invoice by its 20 digits, or an older one by number and code, with its amount (tax included). Codes become canonical.

    Raises:
        CodeRefused: it is no invoice number.
    """

    number: str
    code: str | None = None
    amount: Fen

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", None if self.code is None else canonical(self.code))
        object.__setattr__(self, "number", invoice_parts(self.number, self.code)[-1])

    @property
    def name(self) -> str:
        """Code and number in one: what two invoices are compared by."""
        return (self.code or "") + self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPayment:
    """What a proof of payment (付款凭据) says: how much was paid, and for which invoice."""

    amount: Fen
    number: str
    code: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", None if self.code is None else canonical(self.code))
        object.__setattr__(self, "number", invoice_parts(self.number, self.code)[-1])

    @property
    def invoice(self) -> str:
        """The invoice by code and number in one."""
        return (self.code or "") + self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """
    All that is handed in for one order: documents, and what they state. None: not stated.

    `hash` covers all of it: whoever has the bundle can prove every word and, by their hashes, every file.
    """

    documents: tuple[BundleDocument, ...] = ()
    contract: StatedContract | None = None
    invoice: StatedInvoice | None = None
    payment: StatedPayment | None = None
    report_form: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "documents", tuple(sorted(set(self.documents))))
        if self.report_form is not None:
            object.__setattr__(self, "report_form", free_code("form of a report", self.report_form))

    def of_kinds(self, kinds: Iterable[str]) -> tuple[BundleDocument, ...]:
        """Its documents of these kinds."""
        wanted = {canonical(kind) for kind in kinds}
        return tuple(each for each in self.documents if each.kind in wanted)

    def told(self) -> dict[str, Any]:
        """Its members as JSON has them: money as decimal text of fen, None where nothing is stated."""
        contract, invoice, payment = self.contract, self.invoice, self.payment
        return {
            "documents": [{"kind": each.kind, "sha256": each.sha256} for each in self.documents],
            "contract": contract
            and {
                "seller": contract.seller,
                "number": contract.number,
                "registered": contract.registered,
                "registration": contract.registration,
                "voucher_amount": None if contract.voucher_amount is None else str(contract.voucher_amount),
            },
            "invoice": invoice and {"number": invoice.number, "code": invoice.code, "amount": str(invoice.amount)},
            "payment": payment and {"amount": str(payment.amount), "invoice": {"number": payment.number, "code": payment.code}},
            "report_form": self.report_form,
        }

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Bundle":
        """
        The bundle that `told` tells.

        Raises:
            CodeRefused: a code in it is none.
        """
        contract, invoice, payment = told["contract"], told["invoice"], told["payment"]
        amount = contract and contract["voucher_amount"]
        return cls(
            documents=tuple(BundleDocument(**each) for each in told["documents"]),
            contract=contract and StatedContract(**contract | {"voucher_amount": None if amount is None else Fen(int(amount))}),
            invoice=invoice and StatedInvoice(**invoice | {"amount": Fen(int(invoice["amount"]))}),
            payment=payment and StatedPayment(amount=Fen(int(payment["amount"])), **payment["invoice"]),
            report_form=told["report_form"],
        )

    def canonical(self) -> bytes:
        """Its canonical JSON: keys sorted, no spaces, UTF-8."""
        return canonical_json({"format": FORMAT, **self.told()})

    @property
    def hash(self) -> Digest:
        """SHA-256 of its canonical form."""
        return Digest(hashlib.sha256(self.canonical()).digest())

    @property
    def results(self) -> frozenset[str]:
        """The hashes that a redemption's `result` may be made of: each report's, and the bundle's own, which covers every document."""
        return frozenset({each.sha256 for each in self.documents if each.is_report} | {self.hash.hex()})


# What a programme asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What the chain says of the order: the amount that it reserves, and whether the lab is paid, so that the firm pays less of the fee."""

    amount: Fen
    lab_is_paid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that a programme asks for: of which document, and what was found."""

    document: str
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """Everything that a programme asks for, in the order of its file."""

    checked: tuple[Checked, ...]

    @property
    def verdict(self) -> Verdict:
        """HOLDS if all does; FAILS if anything does; else MISSING."""
        return Decision(ways=(tuple(each.finding for each in self.checked),)).verdict

    @property
    def against(self) -> tuple[Checked, ...]:
        """All that does not hold."""
        return tuple(each for each in self.checked if each.finding.verdict is not Verdict.HOLDS)


def checklist(profile: Evidence, bundle: Bundle, ordered: Ordered) -> Checklist:
    """
    What a bundle has, lacks and states wrongly for one programme.

    >>> profile = Evidence(required=("服务合同", "票据"))
    >>> bundle = Bundle(documents=(BundleDocument(kind="财政票据", sha256="00" * 32),))
    >>> [each.document for each in checklist(profile, bundle, Ordered(amount=Fen(1), lab_is_paid=True)).against]
    ['服务合同']
    """
    return Checklist(checked=tuple(_checked(profile, bundle, ordered)))


def _checked(profile: Evidence, bundle: Bundle, ordered: Ordered) -> Iterator[Checked]:
    for kind in profile.required:
        yield Checked(document=kind, finding=_required(kind, bundle))
    if profile.registered_technical_contract:
        yield Checked(document="服务合同", finding=_registered(bundle.contract))
    if profile.amount_stated_in_contract:
        yield Checked(document="服务合同", finding=_amount_stated(bundle.contract, ordered.amount))
    if profile.payment_proof_matches_invoice:
        yield Checked(document="付款凭证", finding=_payment(bundle, ordered))
    if profile.report_form:
        yield Checked(document="成果报告", finding=_report_form(bundle.report_form, profile.report_form))


def _required(kind: str, bundle: Bundle) -> Finding:
    if kind == VOUCHER:
        return _found(
            "required", kind, "创新券已由本订单锁定，无需上传。", "The voucher is held by the order; nothing to upload.", holds=True
        )
    covered = COVERS.get(kind, frozenset()) | {kind}
    documents = bundle.of_kinds(covered)
    ways = "" if len(covered) == 1 else f"（{'或'.join(sorted(covered - {kind}))}）"
    zh, en = f"须提交{kind}{ways}。", f"{kind} is asked for."
    if not documents:
        return _missing("required", zh, en)
    return _found("required", ", ".join(each.sha256 for each in documents), zh, en, holds=True)


def _registered(contract: StatedContract | None) -> Finding:
    zh, en = "服务合同须经技术合同登记。", "The contract has to be registered as a technical contract."
    if contract is None or contract.registered is None:
        return _missing("registered_technical_contract", zh, en)
    if not contract.registered:
        return _found("registered_technical_contract", "False", zh, en, holds=False)
    if contract.registration is None:
        return _missing("registered_technical_contract", "须注明技术合同登记编号。", "The number of the registration is asked for.")
    return _found("registered_technical_contract", contract.registration, zh, en, holds=True)


def _amount_stated(contract: StatedContract | None, amount: Fen) -> Finding:
    stated = None if contract is None else contract.voucher_amount
    zh = f"合同文本须标明创新券金额；合同为 {yuan(stated)} 元，订单为 {yuan(amount)} 元。"
    en = f"The contract has to state the voucher amount; it says {yuan(stated)} yuan, the order {yuan(amount)}."
    if stated is None:
        return _missing("amount_stated_in_contract", zh, en)
    return _found("amount_stated_in_contract", str(stated), zh, en, holds=stated == amount)


def _payment(bundle: Bundle, ordered: Ordered) -> Finding:
    """Who claims for itself has paid all of the invoice; where the lab claims, the voucher may have paid up to what the order reserves."""
    rule, payment, invoice = "payment_proof_matches_invoice", bundle.payment, bundle.invoice
    if payment is None or invoice is None or not bundle.of_kinds(PROOFS_OF_PAYMENT):
        return _missing(
            rule, "须提交与发票对应的付款凭证，并填明金额。", "A proof of payment for the invoice, with its amount, is asked for."
        )
    if payment.invoice != invoice.name:
        zh = f"付款凭证对应发票 {payment.invoice}，与所交发票 {invoice.name} 不符。"
        return _found(rule, payment.invoice, zh, f"The payment is for invoice {payment.invoice}, not {invoice.name}.", holds=False)
    least = max(invoice.amount - ordered.amount, 0) if ordered.lab_is_paid else invoice.amount
    zh = f"已付 {yuan(payment.amount)} 元；按发票应付 {yuan(least)} 至 {yuan(invoice.amount)} 元。"
    en = f"{yuan(payment.amount)} yuan were paid; by the invoice it is {yuan(least)} to {yuan(invoice.amount)}."
    return _found(rule, str(payment.amount), zh, en, holds=least <= payment.amount <= invoice.amount)


def _report_form(stated: str | None, wanted: str) -> Finding:
    zh, en = f"成果报告的形式须为{wanted}。", f"The report's form has to be {wanted}."
    if stated is None:
        return _missing("report_form", zh, en)
    return _found("report_form", stated, zh, en, holds=stated == canonical(wanted))


def _found(rule: str, fact: str, zh: str, en: str, *, holds: bool) -> Finding:
    return Finding(rule=rule, fact=fact, verdict=Verdict.HOLDS if holds else Verdict.FAILS, zh=zh, en=en)


def _missing(rule: str, zh: str, en: str) -> Finding:
    return Finding(rule=rule, fact=None, verdict=Verdict.MISSING, zh=f"{zh}（未提供）", en=f"{en} (not handed in)")


# What looks like something else


def neighbours(number: str, code: str | None = None) -> frozenset[tuple[str, str | None]]:
    """
    The numbers, each with its code, that one slip makes of an invoice's: another digit in one place, or two neighbours changed about.

    At most 199, whatever the form of the number: 9 a digit, 1 a pair. What can be no invoice's is left out, so is the number itself.

    >>> len(neighbours("24312000000012345678")), ("24312000000012345687", None) in neighbours("24312000000012345678")
    (190, True)

    Raises:
        CodeRefused: it is no invoice number.
    """
    parts = invoice_parts(number, code)
    found: set[tuple[str, ...]] = set()
    for place, part in enumerate(parts):
        found |= {(*parts[:place], slip, *parts[place + 1 :]) for slip in _slips(part)}
    named = ((each[-1], each[0] if len(each) > 1 else None) for each in found - {parts})
    return frozenset(each for each in named if _is_invoice(*each))


def _slips(digits: str) -> Iterator[str]:
    for at, digit in enumerate(digits):
        yield from (digits[:at] + other + digits[at + 1 :] for other in "0123456789" if other != digit)
    for at in range(len(digits) - 1):
        yield digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]


def _is_invoice(number: str, code: str | None) -> bool:
    try:
        return bool(invoice_parts(number, code))
    except CodeRefused:
        return False


# Drawing a sample


def drawn(seed: str, orders: Iterable[Id], size: int) -> Sequence[Id]:
    """
    The first `size` orders by SHA-256(seed in UTF-8 ‖ 0x00 ‖ the order's 32 bytes): the same for whoever has the same orders and seed.

    A seed that was named before the orders were known (a draw, a date, two parties' words) lets nobody choose.

    >>> [each[0] for each in drawn("2026", [Id(bytes([n] * 32)) for n in range(5)], 2)]
    [4, 2]
    """
    return sorted(set(orders), key=lambda order: hashlib.sha256(seed.encode() + b"\0" + order).digest())[:size]
