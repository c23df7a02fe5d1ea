"""The routes, by what they are about. Each parses, makes one call, and shapes the answer."""

# Before the routes: it registers the form of an id in a path.
from gateway import paths  # noqa: F401
from gateway.routes import firms, flags, labs, lookups, orders, programmes, reviews, trail, vouchers

ROUTERS = (
    lookups.router,
    orders.router,
    reviews.router,
    vouchers.router,
    programmes.router,
    labs.router,
    firms.router,
    flags.router,
    trail.router,
)
