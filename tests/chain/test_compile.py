"""The compiler is pinned, its warnings stop a build, and what is committed is what the sources compile to."""

import json
import subprocess

import pytest
from solcx.wrapper import get_solc_version

from registry.chain import artifacts
from registry.chain import compile as solidity
from registry.chain.artifacts import Artifact, ArtifactMissing

GOOD = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
import {Step} from "./libraries/Step.sol";
contract Counter {
    uint64 public total;
    address private immutable _owner;
    constructor(address owner) { _owner = owner; }
    function count() external returns (address) { total = Step.after_(total); return _owner; }
}
"""
STEP = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
library Step { function after_(uint64 from) internal pure returns (uint64) { return from + 1; } }
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "contracts" / "libraries").mkdir(parents=True)
    (tmp_path / "contracts" / "Counter.sol").write_text(GOOD)
    (tmp_path / "contracts" / "libraries" / "Step.sol").write_text(STEP)
    return tmp_path


def built(project) -> dict[str, Artifact]:
    return solidity.compile_folder(project / "contracts", root=project)


def test_the_compiler_is_the_one_that_the_lock_names():
    locked = json.loads((solidity.ROOT / "package.json").read_text())["devDependencies"]["solc"]

    assert str(get_solc_version(solidity.SOLC)) == locked == solidity.SOLC_VERSION


def test_only_deployable_contracts_become_artifacts(project):
    (project / "contracts" / "Base.sol").write_text(GOOD.replace("contract Counter", "abstract contract Base"))

    assert set(built(project)) == {"Counter"}


def test_an_artifact_reads_back_and_has_one_text(project):
    counter = built(project)["Counter"]

    assert Artifact.from_json(counter.to_json()) == counter
    assert Artifact.from_json(counter.to_json()).to_json() == counter.to_json()
    assert [(slot["label"], slot["slot"]) for slot in counter.storage_layout["storage"]] == [("total", "0")]
    assert len(counter.immutables) >= 1


def test_a_neighbour_and_the_place_on_disk_do_not_change_an_artifact(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "contracts" / "libraries").mkdir(parents=True)
    (elsewhere / "contracts" / "Counter.sol").write_text(GOOD)
    (elsewhere / "contracts" / "libraries" / "Step.sol").write_text(STEP)
    (elsewhere / "contracts" / "Another.sol").write_text(GOOD.replace("Counter", "Another"))

    assert built(elsewhere)["Counter"].to_json() == built(project)["Counter"].to_json()


def test_a_warning_stops_the_build(project):
    (project / "contracts" / "libraries" / "Step.sol").write_text(STEP.replace("uint64 from)", "uint64 from, uint64 unused)"))
    (project / "contracts" / "Counter.sol").write_text(GOOD.replace("Step.after_(total)", "Step.after_(total, 1)"))

    with pytest.raises(solidity.CompileFailed, match="unused"):
        built(project)


def test_a_source_that_no_contract_uses_is_checked_too(project):
    (project / "contracts" / "libraries" / "Unused.sol").write_text(STEP.replace("Step", "Unused").replace("from + 1", "frm + 1"))

    with pytest.raises(solidity.CompileFailed, match="frm"):
        built(project)


def test_a_missing_import_is_named(project):
    (project / "contracts" / "libraries" / "Step.sol").unlink()

    with pytest.raises(solidity.CompileFailed, match=r"contracts/libraries/Step\.sol"):
        built(project)


def test_the_fingerprint_follows_what_is_imported(project):
    before = solidity.fingerprint(project / "contracts", root=project)
    (project / "contracts" / "libraries" / "Step.sol").write_text(STEP.replace("+ 1", "+ 2"))

    assert solidity.fingerprint(project / "contracts", root=project) != before


def test_what_was_compiled_is_kept_until_something_changes_that_decides_it(project, monkeypatch):
    compiled = []
    real = solidity.compile_folder
    monkeypatch.setattr(solidity, "compile_folder", lambda folder, **about: compiled.append(folder) or real(folder, **about))

    first, again = (solidity.compiled(project / "contracts", root=project) for _ in range(2))
    (project / "contracts" / "libraries" / "Step.sol").write_text(STEP.replace("+ 1", "+ 2"))
    changed = solidity.compiled(project / "contracts", root=project)

    assert len(compiled) == 2
    assert first == again != changed


def test_nothing_is_kept_of_what_does_not_compile(project):
    (project / "contracts" / "Counter.sol").write_text(GOOD.replace("return _owner", "return owner_"))
    for _ in range(2):
        with pytest.raises(solidity.CompileFailed):
            solidity.compiled(project / "contracts", root=project)


def test_a_missing_artifact_says_how_to_make_it():
    with pytest.raises(ArtifactMissing, match="scripts/build"):
        artifacts.load("NoSuchContract")


def test_no_contract_uses_an_opcode_that_a_network_of_ours_lacks(contracts):
    """PUSH0, MCOPY and transient storage came after paris; the setting that keeps them out is in every artifact."""
    assert {artifact.compiler["evmVersion"] for artifact in contracts.values()} <= {"paris"}


def test_what_is_committed_is_what_the_sources_compile_to(contracts):
    committed = {path.stem: path.read_text(encoding="utf-8") for path in artifacts.FOLDER.glob("*.json")}

    assert committed == {name: artifact.to_json() for name, artifact in contracts.items()}


def test_every_contract_leaves_room_under_the_size_limit(contracts):
    assert {name: artifact.deployed_size for name, artifact in contracts.items() if artifact.deployed_size >= solidity.SIZE_LIMIT} == {}


def test_the_wrapper_works_from_any_directory(tmp_path):
    answer = subprocess.run([solidity.SOLC], input='{"language": "Solidity"}', cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "errors" in json.loads(answer.stdout)
