"""
A party's way to its region's gateway over HTTP, with the three families of errors that every part of the library has.

    Rejected         the gateway or the registry said no, and why: `RefusedByGateway`, with the status and the sentence for people
    Unreachable      nothing was sent, or it was only a question; also 503 and 429, which say that nothing happened
    OutcomeUnknown   a write was sent and its answer is open or lost: `AnswerLost` where not even a transaction is known

A write carries an Idempotency-Key that the caller stored beforehand. As long as its answer is open it is repeated here with the very
same key and body, which is never done twice, for at most `patience` seconds.

What is not here: what a document says (`registry.cli.documents`), and where keys of requests are stored (`registry.cli.requests`).
"""

import ssl
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

import httpx

from registry.errors import OutcomeUnknown, Rejected, TongquanError, Unreachable

PATIENCE_SECONDS = 60.0
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
PAUSE_SECONDS = 0.5

Files = Mapping[str, tuple[str, bytes]]
"""Files of a form: each field's name, with the file's name and what it holds."""

_NOTHING_WAS_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


def http_for(url: str) -> httpx.Client:
    """
    The HTTP client for a gateway at this address.

    Raises:
        CertificatesUnreadable: the certificates that the environment names cannot be read.
        ProxyUnusable: the proxy that the environment names is none.
        UnsafeAddress: it is no address of a gateway.
    """
    address = _address(url)
    # A proxy that the environment names is for what leaves this machine.
    here = _is_here(address.host)
    try:
        # Loading the system's certificates takes longer than many an answer. Without TLS nobody needs them: an empty context is given.
        context = httpx.create_ssl_context(trust_env=not here) if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except OSError as unreadable:
        raise CertificatesUnreadable(f"what SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE names: {unreadable}") from unreadable
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        return httpx.Client(verify=context, timeout=timeout, trust_env=not here, follow_redirects=False)
    except (ValueError, ImportError, httpx.InvalidURL) as unusable:
        raise ProxyUnusable(f"HTTPS_PROXY, ALL_PROXY, NO_PROXY: {unusable}") from unusable


class UnsafeAddress(TongquanError):
    """An API key would travel in the clear, since only https leaves this machine; or it is no address of a gateway at all."""


class CertificatesUnreadable(TongquanError):
    """The certificates that the environment names cannot be read, so no gateway could show who it is."""


class ProxyUnusable(TongquanError):
    """What the environment names as a proxy is none, or of a kind that is not supported; nobody was asked."""


class RefusedByGateway(Rejected):
    """A refusal as the gateway told it: `status` of HTTP, and for people `title` and, where it says more, `detail`."""

    def __init__(self, code: str, values: Mapping[str, Any], *, status: int, title: str, detail: str = "") -> None:
        super().__init__(code, values)
        self.status = status
        self.title = title
        self.detail = detail


class AnswerLost(OutcomeUnknown):
    """A write was sent and no answer came back. Sending it again with the same `key` is safe, and tells."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__("", f"Idempotency-Key {key}: {reason}")
        self.key = key


class GatewayClient:
    """
    One caller at one gateway; without an API key nobody, who may ask for its status.

    `http` may be given to reach it in another way than over a network.

    Raises:
        UnsafeAddress: the address is neither https nor on this machine, or none of a gateway.
        ProxyUnusable: the proxy that the environment names is none.
        CertificatesUnreadable: the certificates that the environment names cannot be read.
    """

    def __init__(self, url: str, api_key: str | None, *, patience: float = PATIENCE_SECONDS, http: httpx.Client | None = None) -> None:
        address = _address(url)
        if address.scheme != "https" and not _is_here(address.host):
            raise UnsafeAddress(f"{url}: https is asked for, or an address of this machine")
        self._url = url.rstrip("/")
        self._authorization = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._patience = patience
        self._http = http or http_for(url)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Read. Queries that are None are left out."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._ask(lambda: self._http.get(self._url + path, params=asked, headers=self._authorization))

    def download(self, path: str, asked: Mapping[str, Any] | None = None) -> bytes:
        """Read a file that is no JSON; with `asked` by a POST that changes nothing."""
        try:
            if asked is None:
                response = self._http.get(self._url + path, headers=self._authorization)
            else:
                response = self._http.post(self._url + path, json=dict(asked), headers=self._authorization)
        except httpx.TransportError as silent:
            raise Unreachable(f"{self._url}: {silent!r}") from silent
        if response.is_success:
            return response.content
        raise self._why_not(response, _object_of(response))

    def ask(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Ask what changes nothing, though it is a POST: a look-up, or a document to sign."""
        return self._ask(lambda: self._http.post(self._url + path, json=dict(asked), headers=self._authorization))

    def ask_with_files(self, path: str, fields: Mapping[str, str], files: Files) -> dict[str, Any]:
        """Ask about files, which changes nothing."""
        return self._ask(lambda: self._http.post(self._url + path, data=dict(fields), files=dict(files), headers=self._authorization))

    def post(self, path: str, asked: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """
        Write once, under a stored key.

        Raises:
            RefusedByGateway: it was refused, and why; nothing changed.
            Unreachable: nothing happened.
            OutcomeUnknown: it may have happened; repeat it with the same key.
        """
        headers = self._authorization | {"Idempotency-Key": key}
        return self._write(key, lambda: self._http.post(self._url + path, json=dict(asked), headers=headers))

    def upload(self, path: str, fields: Mapping[str, str], files: Files, *, key: str) -> dict[str, Any]:
        """Write once what files say; raises as `post`."""
        headers = self._authorization | {"Idempotency-Key": key}
        return self._write(key, lambda: self._http.post(self._url + path, data=dict(fields), files=dict(files), headers=headers))

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, send: Callable[[], httpx.Response]) -> dict[str, Any]:
        try:
            response = send()
        except httpx.TransportError as silent:
            raise Unreachable(f"{self._url}: {silent!r}") from silent
        found = _object_of(response)
        if response.is_success and found is not None:
            return found
        raise self._why_not(response, found)

    @staticmethod
    def _why_not(response: httpx.Response, found: dict[str, Any] | None) -> Unreachable | RefusedByGateway:
        if not response.is_client_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return Unreachable(_sentence(response, found))
        return _refusal(response, found)

    def _write(self, key: str, send: Callable[[], httpx.Response]) -> dict[str, Any]:
        deadline = time.monotonic() + self._patience
        was_sent = False
        while True:
            try:
                return self._written(key, send)
            except OutcomeUnknown:
                was_sent = True
                if time.monotonic() > deadline:
                    raise
            except Unreachable as silent:
                # "Nothing happened" is true of this try only.
                if not was_sent:
                    raise
                if time.monotonic() > deadline:
                    raise AnswerLost(key, str(silent)) from silent
            time.sleep(PAUSE_SECONDS)

    def _written(self, key: str, send: Callable[[], httpx.Response]) -> dict[str, Any]:
        try:
            response = send()
        except _NOTHING_WAS_SENT as silent:
            raise Unreachable(f"{self._url}: {silent!r}") from silent
        except httpx.TransportError as lost:
            raise AnswerLost(key, repr(lost)) from lost
        found = _object_of(response)
        if response.is_success and response.status_code != httpx.codes.ACCEPTED and found is not None:
            return found
        code = (found or {}).get("code")
        if code == "OutcomeUnknown":
            raise OutcomeUnknown(str((found or {}).get("values", {}).get("transaction", "")), _sentence(response, found))
        if code == "IdempotencyKeyRunning" or response.status_code == httpx.codes.ACCEPTED:
            raise AnswerLost(key, _sentence(response, found))
        # A proxy's own 502, 503 or 504 says nothing of what the gateway behind it did; only the gateway's problem does.
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or (response.status_code == httpx.codes.SERVICE_UNAVAILABLE and code):
            raise Unreachable(_sentence(response, found))
        if response.is_client_error:
            raise _refusal(response, found)
        raise AnswerLost(key, _sentence(response, found))


def _address(url: str) -> httpx.URL:
    """
    An address, taken apart.

    Raises:
        UnsafeAddress: it names no host, is not of http, or holds a name or password, which would be sent in an API key's place.
    """
    try:
        address = httpx.URL(url)
        host = address.host
        host.encode("idna")
    except (httpx.InvalidURL, UnicodeError) as malformed:
        raise UnsafeAddress(f"it is no address: {malformed}") from malformed
    if address.userinfo:
        raise UnsafeAddress("a name or password in an address is not taken: callers are known by their API key")
    if not host or address.scheme not in ("http", "https") or address.query or address.fragment:
        raise UnsafeAddress(f"{url}: an address begins with https:// and names a host")
    return address


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _object_of(response: httpx.Response) -> dict[str, Any] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refusal(response: httpx.Response, found: dict[str, Any] | None) -> RefusedByGateway:
    problem = found or {}
    values = problem.get("values")
    return RefusedByGateway(
        str(problem.get("code", f"HTTP{response.status_code}")),
        values if isinstance(values, dict) else {},
        status=response.status_code,
        title=_sentence(response, found),
        detail=str(problem.get("detail") or ""),
    )


def _sentence(response: httpx.Response, found: dict[str, Any] | None) -> str:
    return str((found or {}).get("title") or f"{response.status_code} {response.reason_phrase}")
