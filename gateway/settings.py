"""
What an operator sets for one gateway, as environment variables that begin with TONGQUAN_ (`TONGQUAN_REGION`, …).

Secrets are named here by file, never by value, so that neither the environment nor a process list shows one.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One region's gateway. Relative paths are read from the working directory."""

    model_config = SettingsConfigDict(env_prefix="TONGQUAN_", extra="forbid", frozen=True)

    region: Annotated[int, Field(ge=100_000, le=999_999, description="Region code (GB/T 2260) that this gateway serves.")]
    node_url: Annotated[str, Field(description="JSON-RPC address of the region's own node. No other region's is asked.")]
    deployment: Annotated[Path, Field(description="Deployment file: chain id, genesis hash and contract addresses; checked at start.")]
    state: Annotated[Path, Field(description="Folder of index (deletable), outbox, answers and API keys (to be backed up).")]
    tag_keys: Annotated[Path, Field(description="Secret: the consortium's tag keys, JSON of epoch to 64 hexadecimal digits.")]
    accounts: Annotated[Path, Field(description="Key files of the role accounts that sign here; see `gateway.accounts`.")]

    host: Annotated[str, Field(description="Address to listen on. TLS is the reverse proxy's.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="Port to listen on.")] = 8000

    stale_after_seconds: Annotated[int, Field(ge=1, description="A head older than this answers STALE (数据滞后).")] = 60
    refresh_seconds: Annotated[float, Field(gt=0, description="How often the index follows the chain when nobody asks.")] = 1.0
    wait_seconds: Annotated[
        float, Field(gt=0, description="How long a write waits for its final block before it answers OutcomeUnknown.")
    ] = 20.0
    node_connect_seconds: Annotated[float, Field(gt=0, description="Time limit for reaching the node.")] = 3.0
    node_answer_seconds: Annotated[float, Field(gt=0, description="Time limit for each of the node's answers.")] = 30.0
