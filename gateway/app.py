"""The application: one office, its routes, and one way to answer errors."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway import documents, errors, paths
from gateway.office import Clock, Office
from gateway.routes import ROUTERS
from gateway.settings import Settings


def create_app(settings: Settings, *, clock: Clock = time.time) -> FastAPI:
    """
    Make a region's gateway. `clock` tells Unix seconds; ages are judged by it, times on the chain never.

    On start it opens keys, index and outbox, and refuses to go on if the node's chain is not the deployment's.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        office = Office(settings, clock)
        follower = threading.Thread(target=office.follow_until_closed, name="follower", daemon=True)
        follower.start()
        app.state.office = office
        try:
            yield
        finally:
            office.close(follower)

    # The usual pages for trying an interface load their scripts from elsewhere; `/openapi.json` stays.
    app = FastAPI(title=documents.TITLE, version=documents.VERSION, lifespan=lifespan, docs_url=None, redoc_url=None)
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app)
    paths.install(app, ROUTERS)
    documents.install(app, ROUTERS)
    return app
