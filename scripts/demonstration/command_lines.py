"""
A configuration file for everybody's command line, so that `tongquan --config lab-shanghai.toml …` is that lab's.

    D/desks/<lab or firm>.toml  <region>-<office>.toml  auditor.toml   and their API keys, each in a file of its own
"""

import json
from collections.abc import Mapping
from pathlib import Path

from scripts.demonstration.world import World, write_private


def write(world: World) -> Path:
    """Write them all into a folder, and return it. Gateways have to have addresses by now."""
    folder = world.directory / "desks"
    folder.mkdir(mode=0o700, exist_ok=True)
    deployment = str(world.directory / "deployment.json")
    parties = {each.key for each in world.cast.parties}
    labs = {lab.key: "0x" + world.lab_id(lab).hex() for lab in world.cast.labs}
    for region, url in world.gateways.items():
        for name, api_key in world.api_keys[region].items():
            desk = name if name in parties else f"{region}-{name}"
            write_private(folder / f"{desk}.apikey", api_key + "\n")
            told = {"gateway_url": url, "api_key_file": f"{desk}.apikey", "deployment": deployment}
            if name in parties:
                key_file = world.parties[name]
                told |= {"keystore": str(key_file.path), "password_file": str(key_file.path.with_suffix(".password"))}
            _write(folder, desk, told | ({"lab": labs[name]} if name in labs else {}))
    _write(folder, "auditor", {"node_url": world.node_url, "deployment": deployment})
    return folder


def _write(folder: Path, desk: str, told: Mapping[str, str]) -> None:
    told = dict(told) | {"state_folder": f"{desk}.state"}
    # A JSON text is a TOML text as well.
    (folder / f"{desk}.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items()), encoding="utf-8")
