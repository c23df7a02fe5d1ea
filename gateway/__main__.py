"""Run a region's gateway: `python -m gateway`, with the settings of `gateway.settings` in the environment."""

import uvicorn

from gateway import Settings, create_app


def main() -> None:
    """Serve until a signal ends it."""
    settings = Settings()
    # The access log would show ids beside addresses; a reverse proxy that needs one can write it.
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
