"""
What stands between the socket and the routes, as plain ASGI.

    Edge           takes every exchange through all of this (`exchange`)
      request_id   a name for each request, in answer, log and problem
      body         how large a body may be and how slowly it may come
      deadlines    how long a request may take from there on
      watch        counts and logs every request; a fault of ours becomes a problem
      cors         closed unless the settings open it
    Straight       answers a few routes itself where nothing is wrong with a request; `gateway.app` says which
"""

from fastapi import FastAPI

from gateway.edge.exchange import Edge
from gateway.metrics import Metrics
from gateway.settings import Settings

__all__ = ["install"]


def install(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Put the edge around an application's routes and whatever stands before them by now."""
    app.add_middleware(Edge, settings=settings, metrics=metrics)
