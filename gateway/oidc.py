"""
Officers by the bearer tokens of their region's identity provider (OpenID Connect), checked with PyJWT.

Taken is a signed JWT of the configured issuer, for the configured audience, that is neither expired nor early, under a key that the
issuer publishes by its `kid` and a signature that the settings pin. Its claims must name one role that the settings know, this
gateway's region, and an account. Tokens are for officers only: a lab's or firm's claim in a token means nothing here.

Everything that a token says is checked before anything of it is believed; only `kid` is read first, to find the key.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import jwt
from pydantic import ValidationError

from gateway.callers import BY_CLAIMS, Caller, Party
from gateway.errors import Problem
from gateway.settings import Settings

KEYS_FRESH_SECONDS = 300
KEYS_MOST_SECONDS = 3_600
REFETCH_SECONDS = 10
FETCH_SECONDS = 5.0
MOST_KEY_BYTES = 200_000

_log = logging.getLogger(__name__)


class Tokens:
    """What tells an officer by a token."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._keys = _Keys(settings, clock)

    def caller(self, token: str) -> Caller:
        """
        Whom a token stands for.

        Raises:
            Problem: it is not valid (401), names no officer of this region (403), or the issuer's keys cannot be had (503).
        """
        claims = self._claims(token)
        settings = self._settings
        roles = {settings.oidc_roles[each] for each in _texts(_claim(claims, settings.oidc_role_claim)) if each in settings.oidc_roles}
        region, account = _claim(claims, settings.oidc_region_claim), _claim(claims, settings.oidc_account_claim)
        if len(roles) != 1:
            raise _not_an_officer("role")
        if str(region) != str(settings.region):
            raise _not_an_officer("region")
        if not isinstance(account, str) or not account:
            raise _not_an_officer("account")
        return self._officer(claims, roles.pop(), account)

    def _officer(self, claims: Mapping[str, Any], party: Party, account: str) -> Caller:
        # A subject is an e-mail address at some providers: neither logs nor stored answers are to name one.
        subject = hashlib.sha256(f"{claims['iss']}\0{claims['sub']}".encode()).hexdigest()[:32]
        name = f"{BY_CLAIMS}{subject}:{party}:{account}"
        try:
            return Caller(name=name, credential=f"{BY_CLAIMS}{subject}", party=party, region=self._settings.region, account=account)
        except ValidationError as invalid:
            raise _not_an_officer("account") from invalid

    def _claims(self, token: str) -> Mapping[str, Any]:
        settings = self._settings
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            claims: dict[str, Any] = jwt.decode(
                token,
                key=self._keys.of(key_id),
                algorithms=list(settings.oidc_algorithms),
                audience=settings.oidc_audience,
                issuer=settings.oidc_issuer,
                leeway=settings.oidc_leeway_seconds,
                options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as invalid:
            raise _invalid(type(invalid).__name__) from invalid
        return claims


class _Keys:
    """
    The issuer's published keys, by `kid`.

    They are read again when they are old, and when a token names a key that is not among them (the issuer has changed keys), but not
    more often than every `REFETCH_SECONDS`, so that tokens made up by strangers cause no flood. While the issuer does not answer,
    keys hold on for an hour; after that nobody is let in by a token.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._url = settings.oidc_jwks_url
        self._file = settings.oidc_jwks_file
        self._algorithms = frozenset(settings.oidc_algorithms)
        self._clock = clock
        self._guard = threading.Lock()
        self._found: Mapping[str, jwt.PyJWK] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None

    def of(self, key_id: object) -> jwt.PyJWK:
        """The key of this id, of a kind that the settings pin."""
        if not isinstance(key_id, str):
            raise jwt.InvalidTokenError("the token names no key")
        with self._guard:
            if key_id not in self._found or self._age() > KEYS_FRESH_SECONDS:
                self._read_if_due()
            if self._age() > KEYS_MOST_SECONDS:
                title = "身份认证服务无应答。 The identity provider does not answer."
                raise Problem(503, "IssuerSilent", title, headers={"Retry-After": str(REFETCH_SECONDS)})
            found = self._found.get(key_id)
        if found is None:
            raise jwt.InvalidKeyError("the issuer publishes no such key")
        return found

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock() - self._read_at

    def _read_if_due(self) -> None:
        now = self._clock()
        if self._tried_at is not None and now - self._tried_at < REFETCH_SECONDS:
            return
        self._tried_at = now
        try:
            found = dict(self._usable(self._fetched()))
        except (OSError, httpx.HTTPError, ValueError, LookupError, TypeError) as failure:
            _log.warning("the issuer's keys could not be read: %s", type(failure).__name__)
            return
        self._found, self._read_at = found, now

    def _fetched(self) -> Any:
        if self._file is not None:
            return json.loads(self._file.read_text(encoding="utf-8"))["keys"]
        # No proxy of the environment, no redirect: the address is the operator's, and it alone is trusted.
        with httpx.stream("GET", self._url or "", timeout=FETCH_SECONDS, trust_env=False) as answer:
            answer.raise_for_status()
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > MOST_KEY_BYTES:
                    raise ValueError("too large for a set of keys")
        return json.loads(content)["keys"]

    def _usable(self, keys: Any) -> Iterator[tuple[str, jwt.PyJWK]]:
        for each in keys:
            if not isinstance(each, Mapping) or each.get("use", "sig") != "sig" or not isinstance(each.get("kid"), str):
                continue
            try:
                key = jwt.PyJWK.from_dict(dict(each))
            except jwt.PyJWTError:
                continue  # of a kind that PyJWT does not know, which hinders none of the others
            # A symmetric key has no place in what is published; PyJWT lets a key check its own kind of signature only.
            if key.algorithm_name in self._algorithms:
                yield each["kid"], key


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by names joined with dots that lead into objects."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _invalid(why: str) -> Problem:
    title = "令牌无效。 The token is not valid."
    return Problem(401, "TokenInvalid", title, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}, reason=why)


def _not_an_officer(claim: str) -> Problem:
    title = "令牌未指明本地区的经办角色。 The token names no officer of this region."
    return Problem(403, "NoOfficer", title, claim=claim)
