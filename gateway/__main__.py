"""Run a region's gateway: `python -m gateway`, with the settings of `gateway.settings` in the environment."""

import gc
import socket
import sys

import uvicorn
from fastapi import FastAPI

from gateway import Settings, UnsafeSettings, create_app, logs

STARTUP_FAILED = 3

# How many new objects, and how many rounds of the generation below, let the collector look for cycles. By default it would look through
# what the requests under way hold some hundred times a second, and through the whole fold of the chain as often as that grows.
COLLECT_AFTER = (20_000, 20, 100)


def main() -> None:
    """
    Serve until a signal ends it: then no new request is taken, those under way finish, and what is not final stays in the outbox.
    """
    settings = Settings()
    logs.configure(settings.log_level)
    try:
        app = create_app(settings)
    except UnsafeSettings as unsafe:
        sys.exit(f"设置不安全，未启动。 Unsafe settings, not started: {unsafe}")
    if not serve(app, settings):
        sys.exit(STARTUP_FAILED)


def serve(app: FastAPI, settings: Settings) -> bool:
    """Serve an application as a gateway is served, until a signal ends it, and say whether it started."""
    gc.set_threshold(*COLLECT_AFTER)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        # Requests are logged by `gateway.edge.watch`, which shows neither ids nor addresses.
        access_log=False,
        log_config=None,
        # No header of a proxy is trusted for anything.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    server = uvicorn.Server(config)
    server.run(None if settings.listen_fd is None else [socket.socket(fileno=settings.listen_fd)])
    return server.started


if __name__ == "__main__":
    main()
