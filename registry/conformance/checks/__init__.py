"""
All checks, in the order of playing. Importing this enters them in the table.

Later ones build on earlier ones: offices set up, vouchers are issued, orders made and redeemed, the directory changes, regions use their
own keys and vote, and at the end everything that was asked and done is looked at once more.
"""

# ruff: noqa: I001 - in the order of playing
from registry.conformance.checks import interface as _interface
from registry.conformance.checks import programmes as _programmes
from registry.conformance.checks import parties as _parties
from registry.conformance.checks import vouchers as _vouchers
from registry.conformance.checks import orders as _orders
from registry.conformance.checks import claims as _claims
from registry.conformance.checks import partners as _partners
from registry.conformance.checks import joint as _joint
from registry.conformance.checks import regions as _regions
from registry.conformance.checks import members as _members
from registry.conformance.checks import ledger as _ledger
from registry.conformance.checks import flags as _flags
from registry.conformance.checks import keys as _keys
from registry.conformance.checks import motions as _motions
from registry.conformance.checks import later as _later
from registry.conformance.checks import closing as _closing
from registry.conformance.table import CHECKS

__all__ = ["CHECKS", "KNOWN"]

KNOWN = {each.id: each.events for each in CHECKS.values()}
"""What a report is read beside."""

_PLAYED = (
    *(_interface, _programmes, _parties, _vouchers, _orders, _claims, _partners, _joint),
    *(_regions, _members, _ledger, _flags, _keys, _motions, _later, _closing),
)
