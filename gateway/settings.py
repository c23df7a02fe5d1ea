"""
What an operator sets for one gateway, as environment variables that begin with TONGQUAN_ (`TONGQUAN_REGION`, …).

Secrets are named here by file, never by value, so that neither the environment nor a process list shows one. Every setting stands in
docs/gateway-settings.md, which is made from this file; which of them do not go together, `gateway.safety` says.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.callers import Party
from registry import FIRST_EPOCH, LAST_PARTY_EPOCH

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures of tokens. Symmetric ones, and none, cannot be set: whoever can check those can also make them."""


class Settings(BaseSettings):
    """One region's gateway. Relative paths are read from the working directory."""

    model_config = SettingsConfigDict(env_prefix="TONGQUAN_", extra="forbid", frozen=True)

    region: Annotated[int, Field(ge=100_000, le=999_999, description="Region code (GB/T 2260) that this gateway serves.")]
    node_url: Annotated[str, Field(description="JSON-RPC address of the region's own node. No other region's is asked.")]
    deployment: Annotated[Path, Field(description="Deployment file: chain id, genesis hash and contract addresses; checked at start.")]
    state: Annotated[
        Path,
        Field(
            description="Folder of index (deletable), and of outbox, answers, reasons, keys, look-up log, book of agents, firms' facts,"
            " and what became of them, decisions, catalogue of labs, programme files, older ledgers, evidence with its originals, what was"
            " sent back of it, payment records, the payment book, signed years, service types and sub-districts (all to be backed up)."
        ),
    ]
    tag_keys: Annotated[Path, Field(description="Secret: the consortium's tag keys, JSON of epoch to 64 hexadecimal digits.")]
    accounts: Annotated[
        Path, Field(description="Where the keys of the role accounts are that sign here, in files or devices; see docs/keys.md.")
    ]
    bodies: Annotated[
        Path | None, Field(description="Which bodies the reviewers' accounts are of, and what each reviews; see docs/review.md.")
    ] = None
    tag_epoch: Annotated[
        int,
        Field(
            ge=FIRST_EPOCH,
            le=LAST_PARTY_EPOCH,
            description="Epoch of the tag key for new firms, labs and vouchers: 1 until the members change it.",
        ),
    ] = 1

    host: Annotated[str, Field(description="Address to listen on. TLS is the reverse proxy's.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="Port to listen on.")] = 8000
    listen_fd: Annotated[
        int | None,
        Field(ge=3, description="Descriptor of a listening socket from whoever starts the gateway, instead of host and port (systemd: 3)."),
    ] = None
    behind_proxy: Annotated[
        bool,
        Field(description="Says that a reverse proxy with TLS stands before this address. Its headers are trusted for nothing."),
    ] = False
    cors_origins: Annotated[
        tuple[str, ...], Field(description='Origins whose pages may call from a browser, as JSON (`["https://…"]`). None by default.')
    ] = ()
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="What is logged, as JSON lines on standard error; `info` has a line a request."),
    ] = "info"

    stale_after_seconds: Annotated[int, Field(ge=1, description="A head older than this answers STALE (数据滞后).")] = 60
    refresh_seconds: Annotated[float, Field(gt=0, description="How often the index follows the chain when nobody asks.")] = 1.0
    wait_seconds: Annotated[
        float, Field(gt=0, description="How long a write waits for its final block before it answers OutcomeUnknown.")
    ] = 20.0
    node_connect_seconds: Annotated[float, Field(gt=0, description="Time limit for reaching the node.")] = 3.0
    node_answer_seconds: Annotated[
        float, Field(gt=0, description="Time limit for each of the node's answers; well below handler_seconds.")
    ] = 20.0

    body_bytes: Annotated[int, Field(ge=1_000, description="Largest body of a request, in bytes.")] = 6_000_000
    evidence_bytes: Annotated[
        int, Field(ge=1_000, description="Largest document of evidence (兑付材料), in bytes; body_bytes has to be larger.")
    ] = 5_000_000
    body_seconds: Annotated[float, Field(gt=0, description="Time limit for receiving a body.")] = 30.0
    handler_seconds: Annotated[float, Field(gt=0, description="Time limit for answering once the body is there.")] = 60.0
    stop_seconds: Annotated[int, Field(ge=1, description="How long a stop waits for requests that are under way.")] = 30
    rate_per_second: Annotated[float, Field(gt=0, description="Requests a second that one caller may go on asking (per process).")] = 50.0
    rate_burst: Annotated[int, Field(ge=1, description="Requests that one caller may ask at once before that rate holds.")] = 300
    lookups_per_second: Annotated[
        float,
        Field(
            gt=0, description="Look-ups by firm and serial a second that one caller may go on asking; each of many in one request counts."
        ),
    ] = 10.0
    lookups_burst: Annotated[
        int,
        Field(ge=500, description="Look-ups that one caller may ask at once before that rate holds; at least as many as one request may."),
    ] = 600

    ready_lag_blocks: Annotated[int, Field(ge=0, description="`/readyz`: most blocks that the index may be behind its node.")] = 5
    ready_outbox: Annotated[int, Field(ge=0, description="`/readyz`: most transactions that may wait for their final block.")] = 500
    ready_peers: Annotated[int, Field(ge=0, description="`/readyz`: fewest peers of the node, where it tells them.")] = 0

    oidc_issuer: Annotated[
        str | None, Field(description="Issuer of officers' tokens (`iss`), an https URL. Without it there are none.")
    ] = None
    oidc_audience: Annotated[str | None, Field(description="What tokens must be made for (`aud`).")] = None
    oidc_jwks_url: Annotated[str | None, Field(description="Where the issuer publishes its keys (JWKS).")] = None
    oidc_jwks_file: Annotated[Path | None, Field(description="The issuer's keys as a file instead.")] = None
    oidc_algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1, description="Signatures that are taken, as JSON.")] = (
        "RS256",
        "ES256",
    )
    oidc_leeway_seconds: Annotated[int, Field(ge=0, le=300, description="How far the issuer's clock may be from ours.")] = 30
    oidc_role_claim: Annotated[
        str, Field(description="Claim that holds the role or roles; dots lead into objects (`realm_access.roles`).")
    ] = "tongquan_role"
    oidc_roles: Annotated[
        dict[str, Party], Field(description="What each role of the issuer is here, as JSON. Roles not named mean nothing.")
    ] = {"ISSUER": Party.ISSUER, "REVIEWER": Party.REVIEWER, "PAYER": Party.PAYER, "DIRECTORY": Party.DIRECTORY}
    oidc_region_claim: Annotated[str, Field(description="Claim that holds the region code; it must be this gateway's.")] = "tongquan_region"
    oidc_account_claim: Annotated[str, Field(description="Claim that names the account in `accounts` that signs for the officer.")] = (
        "tongquan_account"
    )
