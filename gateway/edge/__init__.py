"""
What stands between the socket and the routes, as plain ASGI.

    Edge           takes every exchange through all of this (`exchange`)
      fields       a request's headers by their names
      request_id   a name for each request, in answer, log and problem
      body         how large a body may be, of how many values, how slowly it may come, and that its text is text
      deadlines    how long a request may take from there on
      watch        counts and logs every request; a fault of ours becomes a problem
      cors         closed unless the settings open it
    Straight       answers a few routes itself where nothing is wrong with a request; `gateway.routes` says which
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from gateway.edge.exchange import Edge
from gateway.edge.straight import Looks, Straight
from gateway.metrics import Metrics
from gateway.settings import Settings

__all__ = ["EdgedApp"]


class EdgedApp(FastAPI):
    """
    FastAPI behind the edge, which is the outermost layer: whatever else an application is wrapped in, the short way passes by.

    `straight` are the routes that have a short way, with what they look up; other arguments are FastAPI's.
    """

    def __init__(self, settings: Settings, metrics: Metrics, straight: Sequence[tuple[APIRoute, Looks]] = (), **told: Any) -> None:
        super().__init__(**told)
        self._settings = settings
        self._metrics = metrics
        self._straight = straight

    def build_middleware_stack(self) -> ASGIApp:
        """FastAPI's layers, and ours around them."""
        return Edge(Straight(super().build_middleware_stack(), self._straight), self._settings, self._metrics)
