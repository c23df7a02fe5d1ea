"""
What looks like something else (近似重复): warnings for whoever reviews an order, which refuse nothing.

    FileAgain           the very file was handed in for another order here; one contract under which instalments are claimed is none
    InvoiceNear         another claim's invoice number is one slip of the hand away, for the same amount or by another seller
    ContractElsewhere   another claim is under the same contract number of another seller
    BundleDiffers       the chain's tags are not of the contract, invoice or result that was handed in
    NotStated           the bundle leaves out the contract or the invoice, so nothing near it was looked for
    EvidenceNotHere     nothing was handed in here, so none of the above was looked for

Within a region this is found by what was handed in at this gateway, across regions by tags: those of all one-slip neighbours of the
invoice number, and of the contract number under every other seller that bundles here ever named, are made and looked up among all
claims on the chain. Both need the plain numbers, so an order is looked at where its bundle is.

A gateway must not become an oracle for tags. So this is worked out for reviewers of the order's own regions and auditors alone; for the
numbers that a party of the order stated, never for given ones; it stands in the look-up log; and another order is named only to who may
see it, else its regions. What it costs is bounded: at most 199 tags of invoices, `MOST_SELLERS` tags of agreements an epoch, one pass
over the claims, and of each file, invoice and contract number the `MOST_ORDERS` orders that it was stated for last.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gateway import schemas
from gateway.callers import Caller
from gateway.evidence_book import Handed, Trace
from gateway.office import Office
from gateway.sight import may_see_order, reviews
from registry import Bundle, EpochMissing, Fen, Id, Keyring, Ledger, Stage, StatedInvoice, Tag, epoch_of, id_of, neighbours, salted

MOST_SELLERS = 200
MOST_ORDERS = 50
MOST_WARNINGS = 20
"""How many of a kind are told."""

_CLAIMED = frozenset({Stage.REDEEMED, Stage.ENDORSED, Stage.ACCEPTED, Stage.SETTLED, Stage.REVERSED})
_TO_BE_REVIEWED = frozenset({Stage.REDEEMED, Stage.ENDORSED})


def warnings_of(office: Office, caller: Caller, ledger: Ledger, order_id: Id) -> list[schemas.Reason]:
    """What a caller is to see of an order before he judges it; nothing for whoever does not."""
    if not reviews(caller, ledger, order_id):
        return []
    handed = office.evidence.handed(order_id)
    if handed is None:
        awaited = ledger.orders[order_id].stage in _TO_BE_REVIEWED
        return [schemas.Reason(code="EvidenceNotHere", values={})] if awaited else []
    found = _Looked(office, caller, ledger, order_id, handed.bundle)
    of_bundle = [*_differing(office, ledger, order_id, handed), *_not_stated(ledger, order_id, handed.bundle)]
    # Each kind has room of its own: many of one cannot push another off the list.
    kinds = [list(each) for each in (of_bundle, found.files(), found.invoices(), found.contracts())]
    left_out = sum(max(len(each) - MOST_WARNINGS, 0) for each in kinds)
    more = [schemas.Reason(code="MoreWarnings", values={"left_out": left_out})] if left_out else []
    return [*(warning for each in kinds for warning in each[:MOST_WARNINGS]), *more]


# Against the chain


def result_of(office: Office, ledger: Ledger, order_id: Id, bundle: Bundle) -> str | None:
    """
    Whether the result that the order's redemption anchors is of this bundle: MATCHES, DIFFERS, or UNKNOWN without its salt.

    None as long as no money is asked for.
    """
    if ledger.orders[order_id].stage not in _CLAIMED or order_id not in ledger.redemptions:
        return None
    redemption = ledger.redemptions[order_id]
    salts = office.evidence.salts(order_id, id_of(redemption))
    if any(salted(bytes.fromhex(each), salt) == redemption.result for each in bundle.results for salt in salts):
        return "MATCHES"
    return "DIFFERS" if salts else "UNKNOWN"


def _differing(office: Office, ledger: Ledger, order_id: Id, handed: Handed) -> Iterator[schemas.Reason]:
    if ledger.orders[order_id].stage not in _CLAIMED or order_id not in ledger.redemptions:
        return
    redemption, bundle, keyring = ledger.redemptions[order_id], handed.bundle, office.keyring
    epoch = epoch_of(ledger.vouchers[ledger.order_records[order_id].voucher].firm)
    wrong = []
    with suppress(EpochMissing):
        if bundle.contract and keyring.agreement(bundle.contract.seller, bundle.contract.number, epoch=epoch) != redemption.agreement:
            wrong.append("agreement")
    with suppress(EpochMissing):
        if bundle.invoice and keyring.invoice(bundle.invoice.number, code=bundle.invoice.code) != redemption.invoice:
            wrong.append("invoice")
    if bundle.invoice and bundle.invoice.amount != redemption.invoice_amount:
        wrong.append("invoice_amount")
    if result_of(office, ledger, order_id, bundle) == "DIFFERS":
        wrong.append("result")
    yield from (schemas.Reason(code="BundleDiffers", values={"field": each}) for each in wrong)


def _not_stated(ledger: Ledger, order_id: Id, bundle: Bundle) -> Iterator[schemas.Reason]:
    """A redemption always has both; what its bundle does not state is held against nothing."""
    if ledger.orders[order_id].stage in _TO_BE_REVIEWED:
        stated = {"agreement": bundle.contract, "invoice": bundle.invoice}
        yield from (schemas.Reason(code="NotStated", values={"field": field}) for field, each in stated.items() if each is None)


# Against other orders


@dataclass
class _Looked:
    """One order's bundle, held against everything else that this gateway knows."""

    office: Office
    caller: Caller
    ledger: Ledger
    order_id: Id
    bundle: Bundle

    def files(self) -> Iterator[schemas.Reason]:
        """The same file again."""
        for other in self._others("file", (each.sha256 for each in self.bundle.documents)):
            theirs = self._bundle_of(other)
            same_contract = _contract(theirs) == _contract(self.bundle) is not None
            held = {each.sha256 for each in theirs.documents}
            for each in self.bundle.documents:
                if each.sha256 in held and not (same_contract and "合同" in each.kind):
                    yield self._told("FileAgain", other, kind=each.kind, sha256=each.sha256)

    def invoices(self) -> Iterator[schemas.Reason]:
        """An invoice number that one slip makes of this one."""
        if self.bundle.invoice is None:
            return
        near = neighbours(self.bundle.invoice.number, self.bundle.invoice.code)
        tags = {tag for tag in (_invoice_tag(self.office.keyring, *each) for each in near) if tag is not None}
        claimed = {order: each for order, each in self._claims() if each.invoice in tags}
        for order, redemption in claimed.items():
            yield from self._near(order, redemption.invoice_amount, same_seller=self._same_seller(order))
        # What another registry or another subsidy claims has no order here.
        for tag in tags - {each.invoice for each in claimed.values()}:
            state = self.ledger.invoices[tag]
            if state.claims:
                own = self.ledger.labs[self.ledger.order_records[self.order_id].lab].seller
                yield from self._near(None, state.amount, same_seller=own[: len(state.seller)] == state.seller)
        for order in self._others("invoice", ((code or "") + number for number, code in near)):
            invoice = self._bundle_of(order).invoice
            if order not in claimed and invoice is not None:
                yield from self._near(order, invoice.amount, same_seller=self._same_seller(order))

    def _near(self, order: Id | None, amount: Fen, *, same_seller: bool) -> Iterator[schemas.Reason]:
        """
        A warning where the amounts are the same too, or the sellers differ.

        One seller's invoices are numbered one after the other, and most are one slip apart: all of them would be nothing but noise.
        """
        stated = self.bundle.invoice
        same_amount = isinstance(stated, StatedInvoice) and amount == stated.amount
        if same_amount or not same_seller:
            yield self._told("InvoiceNear", order, same_amount=same_amount, same_seller=same_seller)

    def contracts(self) -> Iterator[schemas.Reason]:
        """The same contract number under another seller."""
        contract = self.bundle.contract
        if contract is None:
            return
        keyring = self.office.keyring
        others = [each for each in self.office.evidence.sellers(most=MOST_SELLERS) if each != contract.seller]
        tags = {keyring.agreement(each, contract.number, epoch=epoch) for each in others for epoch in keyring.party_epochs}
        claimed = [order for order, redemption in self._claims() if redemption.agreement in tags]
        stated = [
            order
            for order in self._others("contract", [contract.number])
            if (theirs := self._bundle_of(order).contract) is not None and theirs.seller != contract.seller
        ]
        for order in dict.fromkeys([*claimed, *stated]):
            yield self._told("ContractElsewhere", order)

    def _claims(self) -> Iterator[tuple[Id, Any]]:
        """Every other order's redemption that counts."""
        orders = self.ledger.orders
        return (
            (order, each) for order, each in self.ledger.redemptions.items() if order != self.order_id and orders[order].stage in _CLAIMED
        )

    def _others(self, what: Trace, values: Iterable[str]) -> list[Id]:
        orders = self.office.evidence.orders_with(what, values, most=MOST_ORDERS)
        return [each for each in orders if each != self.order_id and each in self.ledger.order_records]

    def _bundle_of(self, order: Id) -> Bundle:
        handed = self.office.evidence.handed(order)
        return Bundle() if handed is None else handed.bundle

    def _same_seller(self, order: Id) -> bool:
        own, other = (self.ledger.labs[self.ledger.order_records[each].lab].seller for each in (self.order_id, order))
        return own == other

    def _told(self, code: str, order: Id | None, **values: Any) -> schemas.Reason:
        if order is None:
            return schemas.Reason(code=code, values={"order": None, "home": None, "host": None, **values})
        record = self.ledger.order_records[order]
        home, host = self.ledger.programmes[self.ledger.vouchers[record.voucher].programme].region, self.ledger.labs[record.lab].region
        seen = may_see_order(self.office, self.caller, self.ledger, order)
        return schemas.Reason(code=code, values={"order": "0x" + order.hex() if seen else None, "home": home, "host": host, **values})


def _contract(bundle: Bundle) -> tuple[str, str] | None:
    return None if bundle.contract is None else (bundle.contract.seller, bundle.contract.number)


def _invoice_tag(keyring: Keyring, number: str, code: str | None) -> Tag | None:
    """None where the slip makes another year of it, whose key is not held: under it nothing can have been claimed through here."""
    try:
        return keyring.invoice(number, code=code)
    except EpochMissing:
        return None
