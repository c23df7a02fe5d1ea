"""
Which settings do not go together: a gateway refuses to start with them, and says why in one sentence.

What is judged here is what an operator can get wrong in silence. What the settings' own types refuse (a symmetric signature, a
port that is none) does not come this far.
"""

import ipaddress
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from gateway import accounts
from gateway.api_keys import FILE as KEYS_FILE
from gateway.callers import OFFICERS
from gateway.settings import Settings

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnsafeSettings(ValueError):
    """The settings are not safe together; the message is one sentence for the operator."""


def require_safe(settings: Settings) -> None:
    """
    Refuse settings that are not safe.

    Raises:
        UnsafeSettings: the first reason found.
    """
    for reason in reasons(settings):
        raise UnsafeSettings(reason)


def reasons(settings: Settings) -> Iterator[str]:
    """Every reason not to start with these settings."""
    try:
        host = settings.host if settings.listen_fd is None else _host_of(settings.listen_fd)
    except OSError:
        yield f"listen_fd {settings.listen_fd} is no socket."
        return
    if not is_loopback(host) and not settings.behind_proxy:
        yield f"host {host} is reached by others: set behind_proxy=true once a reverse proxy with TLS stands before it."
    yield from _of_node(settings)
    yield from _of_origins(settings)
    yield from _of_tokens(settings)
    if settings.handler_seconds <= settings.wait_seconds:
        yield "handler_seconds must be longer than wait_seconds, or no write could tell that its outcome is not known."
    if settings.handler_seconds <= 2 * (settings.node_connect_seconds + settings.node_answer_seconds):
        # Whoever asks may wait for a question that was under way, and then for its own.
        together = "node_connect_seconds and node_answer_seconds together"
        yield f"handler_seconds must be more than twice {together}, or no look-up could say UNKNOWN."
    if settings.body_bytes <= settings.evidence_bytes:
        yield "body_bytes must be larger than evidence_bytes, or the largest document would be refused before it is looked at."
    if settings.state.exists() and settings.state.stat().st_mode & _OTHERS:
        yield f"the state folder {settings.state} holds what callers were answered and can be entered by others: chmod 700."
    for path in private_files(settings):
        if path.exists() and path.stat().st_mode & _OTHERS:
            yield f"{path} holds a secret and can be read by others: take it from them with chmod 600."


def _of_node(settings: Settings) -> Iterator[str]:
    url = urlsplit(settings.node_url)
    if url.scheme not in {"http", "https"}:
        yield "node_url must be an http or https URL."
    if _unprotected(url):
        yield f"node_url reaches {url.hostname} over http: whoever is in between could answer in the node's name, so use https."
    if url.username or url.password:
        yield "node_url must not hold a password: an address is shown in errors."


def _of_origins(settings: Settings) -> Iterator[str]:
    for origin in settings.cors_origins:
        url = urlsplit(origin)
        if "*" in origin:
            yield "cors_origins must name each origin: a wildcard would let any page call with what its reader knows."
        elif url.scheme not in {"http", "https"} or url.path or url.query or url.username:
            yield f"cors_origins: {origin} is no origin (https://host, without a path)."
        elif _unprotected(url):
            yield f"cors_origins: {origin} is not https, so anybody in between could be that page."


def _of_tokens(settings: Settings) -> Iterator[str]:
    if settings.oidc_issuer is None:
        if settings.oidc_audience or settings.oidc_jwks_url or settings.oidc_jwks_file:
            yield "oidc settings without oidc_issuer: tokens would be taken from nobody."
        return
    if urlsplit(settings.oidc_issuer).scheme != "https":
        yield "oidc_issuer must be an https URL."
    if not settings.oidc_audience:
        yield "oidc_issuer without oidc_audience: tokens made for any other service of that issuer would be taken here."
    if (settings.oidc_jwks_url is None) == (settings.oidc_jwks_file is None):
        yield "oidc_issuer needs its keys from oidc_jwks_url or from oidc_jwks_file, one of them."
    if settings.oidc_jwks_url is not None:
        url = urlsplit(settings.oidc_jwks_url)
        if url.scheme not in {"http", "https"} or _unprotected(url):
            yield "oidc_jwks_url must be https: whoever is in between could put keys of its own there."
    if settings.oidc_jwks_file is not None and settings.oidc_jwks_file.exists() and settings.oidc_jwks_file.stat().st_mode & 0o022:
        yield f"{settings.oidc_jwks_file} can be changed by others, who could put keys of their own there."
    if not set(settings.oidc_roles.values()) <= OFFICERS:
        yield "oidc_roles may only name ISSUER, REVIEWER, PAYER and DIRECTORY: tokens are for officers, everybody else has an API key."


def private_files(settings: Settings) -> Iterator[Path]:
    """Every file with a secret in it, whether or not it is there."""
    yield settings.tag_keys
    yield settings.state / KEYS_FILE
    yield settings.accounts
    if not settings.accounts.exists():
        return
    # What cannot be read is refused when it is opened, in words of its own.
    with suppress(accounts.AccountsRefused):
        yield from accounts.secrets_of(settings.accounts)


def _host_of(descriptor: int) -> str:
    with socket.socket(fileno=os.dup(descriptor)) as listening:
        # A socket in the file system is this machine's only.
        return "localhost" if listening.family == socket.AF_UNIX else str(listening.getsockname()[0])


def is_loopback(host: str | None) -> bool:
    """
    Whether only this machine reaches a host.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org", None)]
    [True, True, True, False, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _unprotected(url: SplitResult) -> bool:
    return url.scheme == "http" and not is_loopback(url.hostname)
