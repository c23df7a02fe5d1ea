"""
What stands between the socket and the routes: a few layers of plain ASGI, each with one duty.

    Envelope       a name for each request, in answer, log and problem; and what a browser must not do with an answer
    Cors           closed unless the settings open it
    Watch          counts and logs every request; a fault of ours becomes a problem
    Body           how large a body may be and how slowly it may come
    TimeLimit      how long a request may take from there on
    Straight       answers a few routes itself where nothing is wrong with a request; `gateway.app` says which
"""

from fastapi import FastAPI

from gateway.edge.body import Body
from gateway.edge.cors import Cors
from gateway.edge.envelope import Envelope
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
    app.add_middleware(Envelope)
