"""The routes, by what they are about. Each parses, makes one call, and shapes the answer."""

from gateway.routes import directory, health, lookup_log, lookups, operations, orders, programmes, trail, vouchers

ROUTERS = (
    lookups.router,
    lookup_log.router,
    orders.router,
    vouchers.router,
    programmes.router,
    directory.router,
    trail.router,
    operations.router,
    health.router,
)
