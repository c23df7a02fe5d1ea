"""Officers by tokens of an issuer of our own: what is taken, and every way in which a token is not good enough."""

import base64
import hmac
import json
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from gateway.app import create_app
from gateway.callers import Party
from gateway.errors import Problem
from gateway.oidc import KEYS_FRESH_SECONDS, KEYS_MOST_SECONDS, REFETCH_SECONDS, Tokens
from gateway.settings import Settings
from scripts.demonstration.cast import CHANGXING, SHANGHAI
from tests.gateway.conftest import serving

ISSUER = "https://idp.example/realms/offices"
AUDIENCE = "tongquan-gateway"


def new_rsa():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """Keys by id, the tokens that they sign, and what is published of them."""

    def __init__(self):
        self.keys = {
            "rsa-1": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec-1": ec.generate_private_key(ec.SECP256R1()),
        }
        self.asked = 0
        self.silent = False

    def jwks(self):
        return {"keys": [self._published(name, key) for name, key in self.keys.items()]}

    def _published(self, name, key):
        kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        return json.loads(kind.to_jwk(key.public_key())) | {"kid": name, "use": "sig"}

    def claims(self, **change):
        now = int(time.time())
        told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "official@region.example", "iat": now, "nbf": now, "exp": now + 300}
        told |= {"tongquan_role": "REVIEWER", "tongquan_region": CHANGXING, "tongquan_account": "reviewer-1"}
        return {name: value for name, value in (told | change).items() if value is not None}

    def token(self, kid="rsa-1", *, key=None, algorithm=None, headers=None, **change):
        key = key or self.keys[kid]
        algorithm = algorithm or ("RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256")
        return jwt.encode(self.claims(**change), key, algorithm=algorithm, headers={"kid": kid} | (headers or {}))

    def app(self):
        made = FastAPI()

        @made.get("/keys")
        async def keys() -> JSONResponse:
            self.asked += 1
            return JSONResponse(self.jwks(), status_code=500 if self.silent else 200)

        return made


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def keys_of_issuer():
    return Issuer()


@pytest.fixture
def issuer(keys_of_issuer):
    fresh = Issuer.__new__(Issuer)
    fresh.keys, fresh.asked, fresh.silent = dict(keys_of_issuer.keys), 0, False
    return fresh


@pytest.fixture
def url(issuer):
    with serving(issuer.app()) as (address, _):
        yield f"{address}/keys"


def settings(**change):
    needed = {"region": CHANGXING, "node_url": "http://127.0.0.1:1"}
    needed |= {name: Path("none") for name in ("deployment", "state", "tag_keys", "accounts")}
    return Settings(**needed | {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE} | change)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(url, clock):
    return Tokens(settings(oidc_jwks_url=url), clock=clock)


def refused(tokens, token):
    with pytest.raises(Problem) as found:
        tokens.caller(token)
    return found.value.status, found.value.code


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_an_officers_token_is_taken(tokens, issuer, kid):
    caller = tokens.caller(issuer.token(kid))

    assert (caller.party, caller.region, caller.account) == (Party.REVIEWER, CHANGXING, "reviewer-1")
    assert "official" not in caller.name + caller.credential


def test_subjects_are_told_apart_and_stay_the_same(tokens, issuer):
    names = [tokens.caller(issuer.token(sub=subject)).name for subject in ("a", "b", "a")]

    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize(
    "change",
    [
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 86_400},
        {"iss": "https://other.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": 7},
    ],
)
def test_a_token_that_does_not_hold_here_and_now_is_refused(tokens, issuer, change):
    assert refused(tokens, issuer.token(**change)) == (401, "TokenInvalid")


@pytest.mark.parametrize(
    "change",
    [
        {"tongquan_role": None},
        {"tongquan_role": "KING"},
        {"tongquan_role": "LAB"},
        {"tongquan_role": "AUDITOR"},
        {"tongquan_role": ["REVIEWER", "PAYER"]},
        {"tongquan_role": {"REVIEWER": True}},
        {"tongquan_region": SHANGHAI},
        {"tongquan_region": None},
        {"tongquan_account": None},
        {"tongquan_account": ""},
        {"tongquan_account": ["reviewer-1"]},
        {"tongquan_account": "a/b"},
    ],
)
def test_a_good_token_of_no_officer_of_this_region_is_refused(tokens, issuer, change):
    assert refused(tokens, issuer.token(**change)) == (403, "NoOfficer")


def test_claims_may_lie_in_objects_and_be_mapped(url, issuer):
    mapped = Tokens(settings(oidc_jwks_url=url, oidc_role_claim="realm_access.roles", oidc_roles={"voucher-payer": "PAYER"}))

    caller = mapped.caller(issuer.token(realm_access={"roles": ["staff", "voucher-payer"]}, tongquan_region=str(CHANGXING)))

    assert caller.party is Party.PAYER
    assert refused(mapped, issuer.token(realm_access="x")) == (403, "NoOfficer")


def test_a_strangers_key_under_a_published_name_is_refused(tokens, issuer):
    stranger = new_rsa()

    assert refused(tokens, issuer.token("rsa-1", key=stranger)) == (401, "TokenInvalid")


def test_only_pinned_signatures_are_taken(tokens, issuer):
    key = issuer.keys["rsa-1"]

    for algorithm in ("RS384", "RS512", "PS256"):
        assert refused(tokens, issuer.token(algorithm=algorithm)) == (401, "TokenInvalid")
    pinned = Tokens(settings(oidc_jwks_url=tokens._settings.oidc_jwks_url, oidc_algorithms=("ES256",)))
    assert refused(pinned, issuer.token("rsa-1", key=key)) == (401, "TokenInvalid")
    assert pinned.caller(issuer.token("ec-1")).party is Party.REVIEWER


def part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_no_signature_and_a_symmetric_one_with_the_public_key_are_refused(tokens, issuer):
    none = f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'rsa-1'})}.{part(issuer.claims())}."
    public = issuer.keys["rsa-1"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa-1'})}.{part(issuer.claims())}"
    # By hand: PyJWT itself refuses to sign with a public key.
    code = hmac.digest(public, signed.encode(), "sha256")
    symmetric = f"{signed}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"

    assert [refused(tokens, each) for each in (none, symmetric)] == [(401, "TokenInvalid")] * 2


def test_a_published_symmetric_key_is_no_key(tokens, issuer, monkeypatch):
    secret = b"0" * 32
    published = issuer.jwks()["keys"]
    published.append({"kty": "oct", "kid": "oct-1", "k": base64.urlsafe_b64encode(secret).decode(), "alg": "HS256"})
    monkeypatch.setattr(issuer, "jwks", lambda: {"keys": published})

    assert refused(tokens, jwt.encode(issuer.claims(), secret, algorithm="HS256", headers={"kid": "oct-1"})) == (401, "TokenInvalid")


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "a.b.c.d.e", "é"])
def test_what_is_no_token_is_refused(tokens, token):
    assert refused(tokens, token) == (401, "TokenInvalid")


def test_a_changed_token_is_refused(tokens, issuer):
    head, _, signature = issuer.token().split(".")

    assert refused(tokens, f"{head}.{part(issuer.claims(tongquan_account='payer', tongquan_role='PAYER'))}.{signature}")[0] == 401


def test_a_key_that_is_new_is_fetched_and_one_that_is_gone_ends(tokens, issuer, clock):
    tokens.caller(issuer.token("rsa-1"))
    old = issuer.token("rsa-1")
    issuer.keys = {"rsa-2": new_rsa()}
    clock.now += REFETCH_SECONDS

    assert tokens.caller(issuer.token("rsa-2")).party is Party.REVIEWER
    assert refused(tokens, old) == (401, "TokenInvalid")


def test_strangers_tokens_cause_no_flood_at_the_issuer(tokens, issuer, clock):
    tokens.caller(issuer.token())
    stranger = new_rsa()
    clock.now += REFETCH_SECONDS

    for number in range(20):
        assert refused(tokens, issuer.token(f"made-up-{number}", key=stranger)) == (401, "TokenInvalid")

    assert issuer.asked == 2


def test_keys_are_kept_while_fresh_and_hold_for_a_while_when_the_issuer_is_silent(tokens, issuer, clock):
    for _ in range(3):
        tokens.caller(issuer.token())
    assert issuer.asked == 1
    issuer.silent = True
    clock.now = KEYS_FRESH_SECONDS + 1
    assert tokens.caller(issuer.token()).party is Party.REVIEWER
    assert issuer.asked == 2
    clock.now = KEYS_MOST_SECONDS + 1

    assert refused(tokens, issuer.token()) == (503, "IssuerSilent")

    issuer.silent = False
    clock.now += REFETCH_SECONDS
    assert tokens.caller(issuer.token()).party is Party.REVIEWER


def test_keys_may_come_from_a_file(issuer, tmp_path, clock):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(issuer.jwks()))
    tokens = Tokens(settings(oidc_jwks_file=path), clock=clock)

    assert tokens.caller(issuer.token()).party is Party.REVIEWER


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": []}', '{"keys": [{"kid": "rsa-1"}]}'])
def test_a_set_of_keys_that_is_none_lets_nobody_in(issuer, tmp_path, content):
    (tmp_path / "jwks.json").write_text(content)

    assert refused(Tokens(settings(oidc_jwks_file=tmp_path / "jwks.json")), issuer.token())[0] in (401, 503)


def test_an_officer_works_with_a_token_and_api_keys_go_on(town, issuer, tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks()))
    (tmp_path / "jwks.json").chmod(0o600)
    with_tokens = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks_file": tmp_path / "jwks.json"}
    # Beside the running gateway, with keys of its own and accounts of which it sends with none.
    own = town.world.settings(CHANGXING) | {"state": tmp_path / "state"}
    own["accounts"] = tmp_path / "accounts.json"
    folder = town.world.folder(CHANGXING)
    one = {"keystore": str(folder / "admin.json"), "password_file": str(folder / "admin.password")}
    own["accounts"].write_text(json.dumps({"accounts": {"relay": one}}))
    own["accounts"].chmod(0o600)

    with serving(create_app(Settings(**own | with_tokens))) as (url, _):

        def ask(token, method="GET", path="/v1/lookups", **more):
            return town.http.request(method, url + path, headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}, **more)

        seen = ask(issuer.token())
        expired = ask(issuer.token(exp=int(time.time()) - 60))
        not_his = ask(issuer.token(), path="/v1/trail")
        no_account = ask(issuer.token(), "POST", "/v1/orders/accept", json={"orders": ["0x" + "11" * 32]})
        no_key = ask(town.world.api_keys[CHANGXING]["reviewer-1"])

    assert seen.status_code == 200
    assert (expired.status_code, expired.json()["code"]) == (401, "TokenInvalid")
    assert expired.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert not_his.json()["code"] == "RoleNotAllowed"
    assert no_account.json()["code"] in {"NotFound", "NoAccount"}
    assert no_key.status_code == 401
