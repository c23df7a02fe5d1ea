"""
What stands between the socket and the routes: a few layers of plain ASGI, each with one duty.

    RequestIds     a name for each request, in answer, log and problem
    Headers        what a browser must not do with an answer
    Cors           closed unless the settings open it
    Watch          counts and logs every request; a fault of ours becomes a problem
    Body           how large a body may be and how slowly it may come
    TimeLimit      how long a request may take from there on
"""

from fastapi import FastAPI

from gateway.edge.body import Body
from gateway.edge.cors import Cors
from gateway.edge.headers import Headers
from gateway.edge.request_id import RequestIds
from gateway.edge.time_limit import TimeLimit
from gateway.edge.watch import Watch
from gateway.metrics import Metrics
from gateway.settings import Settings

__all__ = ["install"]


def install(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Put the layers before an application's routes. The one added last is the outermost."""
    app.add_middleware(TimeLimit, seconds=settings.handler_seconds)
    app.add_middleware(Body, most_bytes=settings.body_bytes, seconds=settings.body_seconds)
    app.add_middleware(Watch, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(Cors, origins=settings.cors_origins)
    app.add_middleware(Headers)
    app.add_middleware(RequestIds)
