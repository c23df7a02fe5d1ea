"""Deploying, authorising and recognising the contracts, on real nodes."""

from dataclasses import replace

import pytest

from registry.chain.deploy import Deployment, DeploymentFailed, WrongDeployment, authorise, deploy, verify
from registry.chain.node import Node
from registry.errors import Rejected
from registry.model import Founder, Region
from registry.ports import Question
from registry.solidity import keccak, type_of
from tests.nodes import person

REGIONS = (Region(330522), Region(310000), Region(110000))
FOUNDERS = [Founder(each, person(f"{each} admin").address, person(f"{each} recovery").address) for each in REGIONS]


@pytest.fixture(scope="module")
def chain(node):
    return Node(node.url)


@pytest.fixture(scope="module")
def deployment(chain):
    return deploy(chain, person("deploying"), FOUNDERS)


def may_issue(chain, deployment):
    calldata = keccak(b"mayIssue(address)")[:4] + type_of("address").encode(deployment.registry)
    return chain.ask(Question(deployment.invoices, calldata))[-1] == 1


def test_a_deployment_is_recognised(chain, deployment):
    verify(chain, deployment)


def test_a_deployment_survives_its_file(deployment):
    assert Deployment.from_json(deployment.to_json()) == deployment


def test_deployment_block_holds_the_first_contract(chain, deployment):
    logs = chain.logs(deployment.block, deployment.block, list(deployment.contracts))

    assert {log.address for log in logs} == {deployment.consortium}
    assert chain.logs(0, deployment.block - 1, list(deployment.contracts)) == []


def test_registry_may_issue_only_after_the_members_authorised_it(chain):
    fresh = deploy(chain, person("deploying once more"), FOUNDERS)
    before = may_issue(chain, fresh)

    authorise(chain, fresh, [person(f"{region} admin") for region in REGIONS[:2]])

    assert (before, may_issue(chain, fresh)) == (False, True)


def test_one_vote_of_three_authorises_nothing(chain):
    fresh = deploy(chain, person("deploying alone"), FOUNDERS)

    with pytest.raises(DeploymentFailed):
        authorise(chain, fresh, [person(f"{REGIONS[0]} admin")])

    assert not may_issue(chain, fresh)


def test_two_founders_are_too_few(chain):
    with pytest.raises(DeploymentFailed):
        deploy(chain, person("deploying for two"), FOUNDERS[:2])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"chain_id": 1}, "chain id"),
        ({"genesis_hash": bytes(32)}, "genesis block"),
        ({"registry": person("nobody").address}, "code of VoucherRegistry"),
    ],
)
def test_another_chain_is_refused(chain, deployment, changes, what):
    with pytest.raises(WrongDeployment) as raised:
        verify(chain, replace(deployment, **changes))

    assert raised.value.what.startswith(what)


def test_contracts_in_each_other_s_place_are_refused(chain, deployment):
    with pytest.raises(WrongDeployment, match="code of Directory"):
        verify(chain, replace(deployment, directory=deployment.invoices, invoices=deployment.directory))


def test_the_right_code_of_another_consortium_is_refused(chain, deployment):
    other = deploy(chain, person("deploying elsewhere"), FOUNDERS)

    with pytest.raises(WrongDeployment, match="consortium of Directory"):
        verify(chain, replace(deployment, consortium=other.consortium))


def test_an_unauthorised_registry_refuses_by_name(chain, deployment):
    """The refusal of an inner contract comes up with its own name and values."""
    stranger = person("stranger")
    calldata = keccak(b"fund(bytes32,uint64,bytes32)")[:4] + bytes(32) + type_of("uint64").encode(1) + bytes(32)

    with pytest.raises(Rejected) as raised:
        chain.ask(Question(deployment.programmes, calldata, stranger.address))

    assert (raised.value.code, raised.value.values) == ("UnknownProgramme", {"programme": bytes(32)})
