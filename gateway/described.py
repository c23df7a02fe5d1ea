"""What the OpenAPI description says beyond the routes: that every call needs a bearer key or token, but for those marked `OPEN`."""

from typing import Any

from fastapi import FastAPI

OPEN: dict[str, Any] = {"security": []}
"""For a route that needs neither key nor token."""

_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "API 密钥或经办人员令牌。 An API key (tq_…), or an officer's OpenID Connect token.",
}


def secure(app: FastAPI) -> None:
    """Describe how to authenticate. An `Authorization` parameter would be ignored there, by OpenAPI's own rule."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        found = plain()
        found.setdefault("components", {}).setdefault("securitySchemes", {})["bearer"] = _SCHEME
        found["security"] = [{"bearer": []}]
        return found

    app.openapi = described  # type: ignore[method-assign]
