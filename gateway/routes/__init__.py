"""The routes, by what they are about. Each parses, makes one call, and shapes the answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi.routing import APIRoute

# Before the routes: it registers the form of an id in a path.
from gateway import paths  # noqa: F401
from gateway.acts.lookups import verifying, verifying_many
from gateway.edge.straight import Looks
from gateway.routes import (
    agents,
    catalogue,
    corrections,
    decisions,
    eligibility,
    evidence,
    firm_changes,
    firms,
    flags,
    health,
    labs,
    lookup_log,
    lookups,
    months,
    openings,
    operations,
    orders,
    payments,
    programmes,
    reports,
    reviews,
    trail,
    vouchers,
)

ROUTERS = (
    lookups.router,
    lookup_log.router,
    orders.router,
    reviews.router,
    evidence.router,
    corrections.router,
    months.router,
    reports.router,
    payments.router,
    vouchers.router,
    openings.router,
    programmes.router,
    labs.router,
    catalogue.router,
    firms.router,
    firm_changes.router,
    eligibility.router,
    decisions.router,
    agents.router,
    flags.router,
    trail.router,
    operations.router,
    health.router,
)

_LOOKS: Mapping[Callable[..., Any], Looks] = {lookups.verification: verifying, lookups.verifications: verifying_many}
STRAIGHT: Sequence[tuple[APIRoute, Looks]] = [
    (route, _LOOKS[route.endpoint]) for route in lookups.router.routes if isinstance(route, APIRoute) and route.endpoint in _LOOKS
]
"""Those that are answered the short way (`gateway.edge.straight`), with what they look up."""
