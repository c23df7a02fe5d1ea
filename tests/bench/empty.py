"""
The other side of `scripts/bench verify`: FastAPI with one empty route, served as `python -m gateway` serves a gateway.

    python -m tests.bench.empty            with the settings of `gateway.settings` in the environment, as a gateway
"""

from fastapi import FastAPI

from gateway import logs
from gateway.__main__ import server_of
from gateway.settings import Settings
from gateway.starting import listening

PATH = "/empty"

app = FastAPI(docs_url=None, redoc_url=None)


@app.get(PATH)
async def empty() -> dict[str, str]:
    """Nothing but FastAPI."""
    return {"status": "VALID"}


def main() -> None:
    """Serve until a signal ends it."""
    settings = Settings()
    logs.configure(settings.log_level)
    with listening(settings) as answering:
        server_of(app, settings).run([answering])


if __name__ == "__main__":
    main()
