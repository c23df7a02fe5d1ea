"""Who may open programmes and issue vouchers. What happens as registries come and go stands with `setRegistry`."""

from registry.model import NO_ADDRESS
from tests.contracts.world import STRANGER


def test_the_latest_registry_may_issue(world, invoices, claimant):
    others = (NO_ADDRESS, STRANGER, claimant, world.programmes.address, world.consortium.address)

    assert invoices.mayIssue(world.registry.address)
    assert not any(invoices.mayIssue(other) for other in others)


def test_nobody_issues_before_a_registry_is_authorised(world):
    ledger = world.attach("Invoices", world._create("Invoices", world.consortium.address))

    assert ledger.latest() == NO_ADDRESS
    assert not any(ledger.mayIssue(each) for each in (NO_ADDRESS, STRANGER, world.registry.address))
