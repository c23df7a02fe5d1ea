"""Run a region's gateway: `python -m gateway`, with the settings of `gateway.settings` in the environment."""

import gc
import signal
import sys
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from gateway import logs
from gateway.app import create_app
from gateway.exits import Exit
from gateway.settings import Settings
from gateway.starting import StartRefused, listening, opened, settings_told

# How many new objects, and how many rounds of the generation below, let the collector look for cycles. By default it would look through
# what the requests under way hold some hundred times a second, and through the whole fold of the chain as often as that grows.
COLLECT_AFTER = (20_000, 20, 100)


def serve() -> None:
    """
    Serve until a signal ends it: then no new request is taken, those under way finish, and what is not final stays in the outbox.

    Raises:
        StartRefused: it does not start; nothing was signed or sent.
    """
    settings = settings_told()
    logs.configure(settings.log_level)
    with listening(settings) as answering:
        server = server_of(create_app(settings, office=opened(settings)), settings)
        # uvicorn raises the signal that ended it once more after all is done in good order; that is no crash, and its exit status is 0.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: None)
        # uvicorn's own status of a start that failed would say that a node is silent.
        with suppress(SystemExit):
            server.run([answering])
    if not server.started:
        raise StartRefused("StartFailed", Exit.REFUSED, "启动失败，详见日志，", "it failed, see the log")


def server_of(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """The server that an application gets here."""
    gc.set_threshold(*COLLECT_AFTER)
    config = uvicorn.Config(
        app,
        # Requests are logged by `gateway.edge.watch`, which shows neither ids nor addresses.
        access_log=False,
        log_config=None,
        # No route speaks it, and uvicorn itself would log the address and path of whoever asks for it.
        ws="none",
        # No header of a proxy is trusted for anything.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Serve, or say in one sentence why not."""
    try:
        serve()
    except StartRefused as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(refused.status)


if __name__ == "__main__":
    main()
