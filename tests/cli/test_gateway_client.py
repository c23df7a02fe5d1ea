"""What a gateway's answers, and its silences, mean: refused, nothing happened, or nobody knows."""

import ssl

import httpx
import pytest

from registry.errors import OutcomeUnknown, Rejected, Unreachable
from registry.gateway_client import AnswerLost, CertificatesUnreadable, GatewayClient, RefusedByGateway, UnsafeAddress, http_for

URL = "http://127.0.0.1:1"
TRANSACTION = "0x" + "ab" * 32


def problem(status, code, **values):
    return httpx.Response(status, json={"code": code, "title": "不行。 No.", "status": status, "values": values})


class Peer:
    """A gateway that answers what it was told to, one after another, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self):
        return [request.headers.get("Idempotency-Key") for request in self.asked]

    def client(self, patience=0.0):
        return GatewayClient(URL, "key", patience=patience, http=httpx.Client(transport=httpx.MockTransport(self)))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_a_refusal_carries_its_code_and_values(status):
    peer = Peer(problem(status, "OverAvailable", available="1"))

    for act in (lambda: peer.client().get("/"), lambda: peer.client().ask("/", {}), lambda: peer.client().post("/", {}, key="k")):
        with pytest.raises(Rejected) as refused:
            act()
        assert isinstance(refused.value, RefusedByGateway)
        assert (refused.value.code, refused.value.values, refused.value.status) == ("OverAvailable", {"available": "1"}, status)


@pytest.mark.parametrize(
    "answer",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), problem(503, "Unreachable"), problem(429, "TooManyRequests")],
)
def test_a_write_that_was_not_sent_or_was_told_to_be_nothing_is_unreachable(answer):
    with pytest.raises(Unreachable):
        Peer(answer).client().post("/", {}, key="k")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("late"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.WriteError("broken"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(503, text="<html>unavailable</html>"),
        httpx.Response(504, text="<html>late</html>"),
        httpx.Response(500, json={"code": "Internal"}),
        httpx.Response(202, json={"state": "pending"}),
        httpx.Response(201, text="cut sho"),
        problem(409, "IdempotencyKeyRunning"),
    ],
)
def test_a_write_whose_answer_was_lost_is_never_a_failure(answer):
    with pytest.raises(AnswerLost) as lost:
        Peer(answer).client().post("/", {}, key="k-1")
    assert lost.value.key == "k-1"


def test_an_open_outcome_names_its_transaction():
    with pytest.raises(OutcomeUnknown) as unknown:
        Peer(problem(504, "OutcomeUnknown", transaction=TRANSACTION)).client().post("/", {}, key="k")
    assert unknown.value.transaction == TRANSACTION


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("late"), httpx.ConnectError("no"), httpx.Response(502), httpx.Response(200, text="cut")]
)
def test_a_question_without_an_answer_is_unreachable(answer):
    with pytest.raises(Unreachable):
        Peer(answer).client().get("/")


def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_body():
    peer = Peer(httpx.ReadTimeout("late"), problem(409, "IdempotencyKeyRunning"), httpx.Response(201, json={"done": True}))

    assert peer.client(patience=30).post("/", {"amount": "1"}, key="k-1") == {"done": True}
    assert peer.keys == ["k-1"] * 3
    assert len({request.content for request in peer.asked}) == 1


def test_after_a_lost_answer_silence_does_not_mean_that_nothing_happened():
    peer = Peer(httpx.ReadTimeout("late"), httpx.ConnectError("gone"))

    with pytest.raises(AnswerLost):
        peer.client(patience=0.6).post("/", {}, key="k")
    assert len(peer.asked) >= 2


def test_a_refusal_after_a_lost_answer_is_the_answer():
    peer = Peer(httpx.ReadTimeout("late"), problem(409, "WrongStage"))

    with pytest.raises(RefusedByGateway, match="WrongStage"):
        peer.client(patience=30).post("/", {}, key="k")


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example.org",
        "http://10.0.0.1:8000",
        "ftp://127.0.0.1.example.org",
        "http://localhost.example.org",
    ],
)
def test_an_api_key_does_not_travel_in_the_clear(url):
    with pytest.raises(UnsafeAddress):
        GatewayClient(url, "key")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:abc",
        "https://xn--localhost-",
        "https://",
        "ws://localhost",
        "//localhost",
        "https://a\u202e.example.org",
        "https://a..example.org",
        "https://gateway.example.org?x=1",
        "https://gateway.example.org#f",
    ],
)
def test_what_is_no_address_of_a_gateway_is_refused(url):
    with pytest.raises(UnsafeAddress, match="address"):
        GatewayClient(url, "key")


def test_a_name_and_password_in_an_address_are_not_taken_and_not_repeated():
    """They would be sent in the API key's place."""
    with pytest.raises(UnsafeAddress) as refused:
        GatewayClient("https://me:secret@gateway.example.org", "key")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["https://gateway.example.org", "HTTPS://gateway.example.org", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"],
)
def test_this_machine_and_https_are_safe(url):
    with GatewayClient(url, "key"):
        pass


@pytest.mark.parametrize(
    "url", ["https://gateway.example.org", "HTTPS://gateway.example.org", "https://127.0.0.1:8443", "https://localhost"]
)
def test_who_answers_over_tls_is_verified(url):
    with http_for(url) as http:
        told = http._transport._pool._ssl_context

        assert (told.verify_mode, told.check_hostname, told.cert_store_stats()["x509_ca"] > 0) == (ssl.CERT_REQUIRED, True, True)
        assert not http.follow_redirects


def test_certificates_that_cannot_be_read_are_told_of_and_nobody_is_asked(tmp_path, monkeypatch):
    not_one = tmp_path / "ca.pem"
    not_one.write_text("no certificate")
    for path in (tmp_path / "missing.pem", not_one):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))

        with pytest.raises(CertificatesUnreadable, match="SSL_CERT_FILE"):
            GatewayClient("https://gateway.example.org", "key")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost"])
def test_without_tls_nobody_is_trusted(url):
    """Should it ever meet TLS, it would still refuse."""
    with http_for(url) as http:
        told = http._transport._pool._ssl_context

        assert (told.verify_mode, told.check_hostname, told.cert_store_stats()["x509_ca"]) == (ssl.CERT_REQUIRED, True, 0)
