"""The application: one office, its routes, and one way to answer errors."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from gateway import documents, errors, paths
from gateway.edge import EdgedApp
from gateway.metrics import Metrics
from gateway.office import Clock, Office
from gateway.routes import ROUTERS, STRAIGHT
from gateway.safety import require_safe
from gateway.settings import Settings


def create_app(settings: Settings, *, clock: Clock = time.time, office: Office | None = None) -> FastAPI:
    """
    Make a region's gateway. `clock` tells Unix seconds; ages are judged by it, times on the chain never.

    On start it opens keys, index and outbox, and refuses to go on if the node's chain is not the deployment's; unless it is given an
    office that is open already, which it closes in the end as well.

    Raises:
        UnsafeSettings: the settings are not safe together.
    """
    require_safe(settings)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        here = Office(settings, clock) if office is None else office
        follower = threading.Thread(target=here.follow_until_closed, name="follower", daemon=True)
        follower.start()
        app.state.office = here
        metrics.watch(here.gauges)
        try:
            yield
        finally:
            here.close(follower)

    # The usual pages for trying an interface load their scripts from elsewhere; `/openapi.json` stays. And what FastAPI could tell a
    # tracer (paths, queries) is what `gateway.edge.watch` keeps to itself.
    silent = TelemetryConfig(tracing=False, metrics=False, logs=False)
    app = EdgedApp(
        settings,
        metrics,
        STRAIGHT,
        title=documents.TITLE,
        version=documents.VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=silent,
        # As they are: `include_router` would analyse every one of them anew, at an application's first request.
        routes=[*documents.routes_of(ROUTERS)],
    )
    app.state.metrics = metrics
    app.state.refused = None
    errors.install(app)
    paths.install(app, ROUTERS)
    documents.install(app, ROUTERS)
    return app
