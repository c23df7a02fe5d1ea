"""Run a region's gateway: `python -m gateway`, with the settings of `gateway.settings` in the environment."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from gateway import Settings, UnsafeSettings, create_app, logs

STARTUP_FAILED = 3


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
    server = server_of(app, settings)
    server.run(None if settings.listen_fd is None else [socket.socket(fileno=settings.listen_fd)])
    if not server.started:
        sys.exit(STARTUP_FAILED)


def server_of(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """The server that an application gets here."""
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
    return uvicorn.Server(config)


if __name__ == "__main__":
    main()
