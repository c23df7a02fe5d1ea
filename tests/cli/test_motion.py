"""The members lift a flag by motion, with commands alone."""

import pytest

from scripts.demonstration.cast import BEIJING, CHANGXING, KUNSHAN, SHANGHAI, TIANJIN
from tests.cli.conftest import Desk
from tests.cli.people import people_in
from tests.gateway.newcomers import firm_id

VOTERS = (SHANGHAI, CHANGXING, KUNSHAN, TIANJIN)


def admin(people, region: int) -> Desk:
    """A region's admin, with its key file."""
    key = people.town.world.officials[region]["admin"].path
    told = people.auditor(f"admin-{region}").settings
    return Desk(people.folder, told | {"keystore": key, "password_file": key.with_suffix(".password")})


@pytest.fixture
def people(engine, _chain_ids, tmp_path):
    with people_in(engine, next(_chain_ids), tmp_path) as people:
        yield people


@pytest.mark.any_engine
def test_a_flag_is_lifted_by_more_than_half_of_all_members(people):
    """The motion names the region whose firm it is, which has no vote."""
    town = people.town
    flagged = firm_id(town, town.firm("firm-beijing"))
    people.caller(SHANGHAI, "directory").ask(f"flag raise {flagged} --reason 误报")
    # A motion lifts what was flagged before it was carried, by whole seconds.
    town.node.jump(60)
    drafter = admin(people, SHANGHAI)
    assert drafter.run(f"motion draft LIFT_FLAG none.json --subject {flagged} --json").refusal["error"] == "SettingRefused"

    drafter.ask(f"motion draft LIFT_FLAG lift.json --region {BEIJING} --subject {flagged}")
    assert admin(people, BEIJING).run("motion vote lift.json --yes --json").refusal["error"] == "OwnCase"
    for region in VOTERS:
        admin(people, region).ask("motion vote lift.json --yes")
    drafter.ask("motion enact lift.json")

    assert people.caller(BEIJING, "directory").ask(f"flag show {flagged}")["state"] == "LIFTED"
