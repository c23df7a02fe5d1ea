"""
Who takes part in a rehearsal: the candidate, two partner regions, and test parties. Pure.

Company codes have valid check digits and belong to nobody, and so do the partners' region codes: GB/T 2260 gives none that begins with 99.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stdnum.cn import uscc

from registry.model import Region, Role

PARTNER, THIRD = Region(990_001), Region(990_002)
"""The first plays issuing and host region beside the candidate; the third votes, since more than half of three is two,
and has its admin replaced."""

FOURTH = Region(990_003)
"""The members admit it during the rehearsal; from then on three votes carry a motion."""

PARTNERS = (PARTNER, THIRD, FOURTH)

ROLES: Mapping[str, Role] = {
    "issuer": Role.ISSUER,
    "reviewer-1": Role.REVIEWER,
    "reviewer-2": Role.REVIEWER,
    "payer": Role.PAYER,
    "directory": Role.DIRECTORY,
}
"""The role accounts of the candidate, under the names that its gateway has for them."""

SPARE_REVIEWER = "reviewer-3"
"""An account of the candidate's gateway that has no role at first: offers, and a role's end, are tried on it."""

CLAIMANT = "claimant"
"""Stands for another subsidy's contract on the invoice ledger."""

PARTNER_ROLES: Mapping[str, Role] = {name: role for name, role in ROLES.items() if name != "reviewer-2"}

SIGNERS = ("lab", "firm", "firm-2", "firm-2-next", "lab-spare", "lab-spare-next", "firm-spare", "partner-lab", "partner-firm")
"""Parties with keys of their own. A spare one is what directory verbs are tried on; a next key is what another is replaced by."""

INVOICE_EPOCH = 25
"""The year of the test parties' invoices, less 2000."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The company codes and lab codes of a rehearsal, by the party's name."""

    companies: Mapping[str, str]
    labs: Mapping[str, str]


def codes_of(candidate: Region) -> Codes:
    """The codes for one candidate."""
    names = ("lab", "firm", "firm-2", "lab-spare", "firm-spare", "stranger")
    companies = {name: sample_code(candidate, number) for number, name in enumerate(names, 1)}
    companies |= {"partner-lab": sample_code(PARTNER, 1), "partner-firm": sample_code(PARTNER, 2)}
    return Codes(companies, {"lab": "REH-0001", "lab-spare": "REH-0002", "partner-lab": "REH-0003"})


def sample_code(region: Region, number: int) -> str:
    """
    A company code of nobody: a valid USCC in form.

    >>> uscc.is_valid(sample_code(PARTNER, 1))
    True
    """
    body = f"91{region}MA0REH{number:03}"
    return body + uscc.calc_check_digit(body)


def invoice(number: int) -> dict[str, str]:
    """A test invoice."""
    return {"code": f"3100{INVOICE_EPOCH}1130", "number": f"{number:08}"}


def programmes_of(candidate: Region) -> dict[str, str]:
    """
    The programme files of a rehearsal, by name.

    `own` is marginal, in notes, approved first where it is used elsewhere, and paid to the firm at home; `joint` is joint and itemised;
    `partner` is the partner's, whose payer is each lab's own region's.
    """
    own = (
        _file(candidate, "REH-OWN", payer=candidate, paid=("FIRM", "LAB"), approval="CROSS_REGION", first_review="HOME")
        + _slices(("500000", 7000), ("2000000", 4500), ("unlimited", 1250))
        + _terms("1500000", "50000")
    )
    joint = (
        _file(candidate, "REH-JOINT", payer=candidate, approval="ALWAYS", first_review="NONE", itemised=True, min_partners=2)
        + _slices(("unlimited", 10000))
        + _terms("200000", "200000")
    )
    partner = (
        _file(PARTNER, "REH-PARTNER", payer=0, approval="NEVER", first_review="HOST")
        + _slices(("unlimited", 6000))
        + _terms("1000000", "100000")
    )
    return {"own": own, "joint": joint, "partner": partner}


def _file(
    region: int,
    code: str,
    *,
    payer: int,
    approval: str,
    first_review: str,
    paid: tuple[str, str] = ("LAB", "LAB"),
    itemised: bool = False,
    min_partners: int = 0,
) -> str:
    return f"""# 演练券种 Programme of a rehearsal; no region has it.
region = {region}
code = "{code}"
payer = {payer}
paid_home = "{paid[0]}"
paid_across = "{paid[1]}"
approval = "{approval}"
first_review = "{first_review}"
itemised = {str(itemised).lower()}
min_partners = {min_partners}
hold_days = 45
"""


def _slices(*slices: tuple[str, int]) -> str:
    return "".join(f'\n[[slices]]\nup_to = "{up_to}"\nbps = {bps}\n' for up_to, bps in slices)


def _terms(face: str, denomination: str) -> str:
    return f"""
[voucher]
face = "{face}"
denomination = "{denomination}"
valid_days = 200
claim_days_after_use = 30

[policy]
services = ["testing"]
eligible = []

[policy.grants]
on_application = true
top_up = true

[policy.evidence]
required = ["检测报告"]
payment_proof_matches_invoice = false
"""
