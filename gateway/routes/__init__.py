"""The routes, by what they are about. Each parses, makes one call, and shapes the answer."""

from fastapi.routing import APIRoute

# Before the routes: it registers the form of an id in a path.
from gateway import paths  # noqa: F401
from gateway.routes import (
    agents,
    eligibility,
    firms,
    flags,
    health,
    labs,
    lookup_log,
    lookups,
    operations,
    orders,
    programmes,
    reviews,
    trail,
    vouchers,
)

ROUTERS = (
    lookups.router,
    lookup_log.router,
    orders.router,
    reviews.router,
    vouchers.router,
    programmes.router,
    labs.router,
    firms.router,
    eligibility.router,
    agents.router,
    flags.router,
    trail.router,
    operations.router,
    health.router,
)

STRAIGHT = tuple(each for each in lookups.router.routes if isinstance(each, APIRoute) and each.name in {"verification", "verifications"})
"""Those that are answered the short way (`gateway.edge.straight`)."""
