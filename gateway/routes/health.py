"""
For whatever watches over a gateway: alive, ready, and numbers. They need no key and name nobody; a reverse proxy keeps them inside.

They look in threads of their own, so that a gateway whose other threads all wait still answers.
"""

import asyncio

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from gateway import examples, schemas
from gateway.deps import OfficeHere
from gateway.documents import TEXT, told
from gateway.errors import Problem
from gateway.metrics import Metrics

router = APIRouter(tags=["health"])


@router.get("/livez", **told("存活 Alive", answer=examples.ALIVE))
async def alive() -> schemas.Alive:
    """This process answers. Says nothing about its node."""
    return schemas.Alive(alive=True)


@router.get("/readyz", **told("就绪 Ready", answer=examples.READY, refuses=("NotReady",)))
async def ready(office: OfficeHere) -> schemas.Ready:
    """Whether work should come here; if not, a problem (503) with every reason."""
    found = await asyncio.to_thread(office.readiness)
    if found.reasons:
        title = "本平台暂不可用。 This gateway is not ready."
        raise Problem(503, "NotReady", title, **found.model_dump(mode="json"))
    return found


@router.get("/metrics", response_class=Response, **told("指标 Metrics", answer=examples.METRICS, answered=TEXT))
async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    found: Metrics = request.app.state.metrics
    return Response(await asyncio.to_thread(found.text), headers={"Content-Type": CONTENT_TYPE_LATEST})
