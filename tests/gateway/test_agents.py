"""An agent signs for a firm under a power of attorney, and the firm is told of every use of the agent's key."""

from dataclasses import dataclass
from hashlib import sha256

import pytest

from scripts.demonstration.cast import CHANGXING, KUNSHAN, SHANGHAI, FirmCast
from scripts.demonstration.world import KeyFile, new_key_file
from tests.gateway.conftest import wait_until
from tests.gateway.newcomers import firm_id, give_api_key, new_account, new_firm, raw_of

pytestmark = pytest.mark.both_in_full

DOCUMENT = sha256(b"power of attorney").hexdigest()
DAY = 86_400


@dataclass
class Helped:
    """A firm with an API key of its own, its key, and its agent's."""

    firm: FirmCast
    own: KeyFile
    agent: KeyFile

    def key(self, **change):
        """How a power is named."""
        return {"firm": self.firm.company_code, "agent": self.agent.account.address, "document_sha256": DOCUMENT} | change


@pytest.fixture
def helped(town):
    """A firm that has not given anybody a power yet."""
    firm = new_firm(town, CHANGXING)
    give_api_key(town, firm)
    return Helped(firm, town.world.parties[firm.key], new_key_file(town.world.directory / "parties", f"agent-of-{firm.key}"))


def office(town):
    return town.desk(CHANGXING, "directory")


def entered(town, helped, **change):
    asked = helped.key() | {"from": town.now - DAY, "until": town.now + 900 * DAY} | change
    return office(town).post("/v1/powers", asked)


def hand_over(town, helped, to):
    """The firm's key is another from now on, by the hand of whoever has it; what the gateway answers."""
    desk = town.desk(CHANGXING, helped.firm.key)
    prepared = desk.post("/v1/rotations/prepare", {"signer": to.account.address})
    answer = desk.post("/v1/rotations/submit", {"raw": raw_of(town, prepared["transaction"], helped.firm)})
    assert answer["outcome"] == "ROTATED"
    town.world.parties[helped.firm.key] = to
    return answer


def ordered(town, helped, lab):
    """An order that the firm's key of now signed, with what the gateway answers."""
    signed = town.order(helped.firm, lab, serial=town.serial_for(helped.firm), project="P", amount="500000")
    answer = town.submit("/v1/orders", lab, signed)
    assert answer.status == 201, answer.body
    return answer


def read_by(desk, **query):
    return desk.get("/v1/agent-uses", **query)["uses"]


def confirmed(desk, uses):
    """The firm says that it has read these; as the gateway answers."""
    answer = desk.post("/v1/agent-uses/read", {"uses": [use["position"] for use in uses]})
    assert answer.status == 200, answer.body
    return answer["uses"]


def untold(town, helped):
    """Of which uses the firm was not told, as an officer of its region sees it."""
    mine = firm_id(town, helped.firm)
    return [use for use in read_by(office(town), told="no", limit=1000) if use["firm"] == mine]


def use_of(town, helped, what, written, *, order=None, amount=None):
    """What the firm must be told of an act, but for the power and whether it was told."""
    answers = {"what": what, "firm": firm_id(town, helped.firm), "agent": helped.agent.account.address.lower()}
    return answers | {"order_id": order, "amount": amount, "transaction": written["transaction"], "block": written["block"]}


def without(use, *names):
    return {name: value for name, value in use.items() if name not in names}


def test_a_firm_is_told_of_each_use_of_its_agents_key(town, helped, lab, lines):
    power = entered(town, helped)
    assert (power.status, power["signs"], power["withdrawn"]) == (201, False, None)
    ordered(town, helped, lab)  # with its own key, which is no agent's use
    hand_over(town, helped, helped.agent)
    order = ordered(town, helped, lab)
    redeemed = town.redeemed(order["order_id"], helped.firm, lab, cost="800000")
    assert redeemed.status == 201

    # The office sees what the firm does not know yet.
    by_power = {"document_sha256": DOCUMENT, "from": power["from"], "until": power["until"]}
    expected = [
        use_of(town, helped, "RESERVE", order, order=order["order_id"], amount="500000"),
        use_of(town, helped, "REDEEM", redeemed, order=order["order_id"], amount="480000"),
    ]
    assert [without(use, "position", "time", "power", "told") for use in untold(town, helped)] == expected
    assert untold_metric(town) >= 2
    wait_until(lambda: {each["transaction"] for each in expected} <= {line.get("transaction") for line in warned(lines())})

    # The firm reads it.
    desk = town.desk(CHANGXING, helped.firm.key)
    read = read_by(desk)
    assert [without(use, "position", "time", "power", "told") for use in read] == expected
    assert [(use["power"], use["told"]) for use in read] == [(by_power, None)] * 2
    assert untold(town, helped) == read  # the answer may have been lost on its way
    told_first = confirmed(desk, read)
    assert [use["told"]["how"] for use in told_first] == ["READ", "READ"]
    assert untold(town, helped) == []
    assert read_by(desk) == told_first

    # The power is withdrawn, and the agent goes on.
    withdrawn = office(town).post("/v1/powers/withdraw", helped.key(at=town.now + 1))
    assert (withdrawn.status, withdrawn["signs"], withdrawn["withdrawn"] is None) == (200, True, False)
    town.node.jump(60)
    after = ordered(town, helped, lab)
    back = hand_over(town, helped, helped.own)
    ordered(town, helped, lab)  # with its own key again

    read = read_by(desk)
    outside = [
        use_of(town, helped, "RESERVE", after, order=after["order_id"], amount="500000"),
        use_of(town, helped, "ROTATE", back),
    ]
    assert [without(use, "power") for use in read[:2]] == [without(use, "power") for use in told_first]
    assert [use["power"]["until"] for use in read[:2]] == [withdrawn["withdrawn"] - 1] * 2
    assert [without(use, "position", "time") for use in read[2:]] == [each | {"power": None, "told": None} for each in outside]
    confirmed(desk, read[2:])
    assert untold(town, helped) == []


def warned(lines):
    return [line for line in lines if line["message"] == "an agent used a firm's key, and the firm was not told yet"]


def untold_metric(town):
    text = town.http.get(town.world.gateways[CHANGXING] + "/metrics").text
    (line,) = (line for line in text.splitlines() if line.startswith("tongquan_agent_uses_untold "))
    return float(line.split()[1])


def test_what_was_told_is_known_after_a_restart(town, helped, lab):
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    ordered(town, helped, lab)
    desk = town.desk(CHANGXING, helped.firm.key)
    (use,) = confirmed(desk, read_by(desk))

    town.stop(CHANGXING)
    town.start(CHANGXING)

    assert untold(town, helped) == []
    assert read_by(town.desk(CHANGXING, helped.firm.key), told="yes") == [use]


def test_a_firm_confirms_what_it_read_by_name_and_nothing_else(town, helped, lab):
    """Not the page before, though it asked for the next one, and none that it was not shown."""
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    for _ in range(3):
        ordered(town, helped, lab)
    desk = town.desk(CHANGXING, helped.firm.key)
    first = desk.get("/v1/agent-uses", limit=1)
    second = desk.get("/v1/agent-uses", limit=1, cursor=first["next"])

    told = confirmed(desk, second["uses"])
    again = confirmed(desk, second["uses"])

    assert told == again
    assert [use["told"] is None for use in read_by(desk)] == [True, False, True]


def test_a_use_that_a_later_power_uncovers_is_untold_though_those_after_it_were_read(town, helped, lab):
    other = new_key_file(town.world.directory / "parties", f"other-agent-of-{helped.firm.key}")
    hand_over(town, helped, other)
    earlier = ordered(town, helped, lab)
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    ordered(town, helped, lab)
    desk = town.desk(CHANGXING, helped.firm.key)
    confirmed(desk, read_by(desk))
    assert untold(town, helped) == []

    entered(town, helped, agent=other.account.address)

    assert [use["order_id"] for use in untold(town, helped)] == [earlier["order_id"], None]


def test_only_the_firm_itself_confirms_that_it_read(town, helped, lab):
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    ordered(town, helped, lab)
    (use,) = untold(town, helped)
    named = {"uses": [use["position"]]}

    assert office(town).post("/v1/agent-uses/read", named).code == "RoleNotAllowed"
    assert town.desk(CHANGXING, "firm-changxing").post("/v1/agent-uses/read", named).code == "NotFound"
    assert office(town).post("/v1/agent-uses/told", named | {"how": "READ"}).code == "InvalidRequest"

    assert untold(town, helped) == [use]


def test_an_office_and_an_auditor_tell_nobody_by_reading(town, helped, lab):
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    ordered(town, helped, lab)

    for _ in range(2):
        for caller in ("directory", "reviewer-1", "auditor"):
            assert firm_id(town, helped.firm) in {use["firm"] for use in read_by(town.desk(CHANGXING, caller), told="no", limit=1000)}


def test_an_office_notes_that_it_wrote_a_letter(town, helped, lab):
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    ordered(town, helped, lab)
    (use,) = untold(town, helped)

    answer = office(town).post("/v1/agent-uses/told", {"uses": [use["position"]], "how": "挂号信"})
    again = office(town).post("/v1/agent-uses/told", {"uses": [use["position"]], "how": "电话"})

    assert [each["told"]["how"] for each in (*answer["uses"], *again["uses"])] == ["挂号信", "挂号信"]
    assert untold(town, helped) == []
    assert office(town).post("/v1/agent-uses/told", {"uses": ["f" * 18], "how": "挂号信"}).code == "NotFound"


def test_uses_come_in_pages(town, helped, lab):
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    orders = [ordered(town, helped, lab)["order_id"] for _ in range(3)]
    desk, found, cursor = town.desk(CHANGXING, helped.firm.key), [], {}
    while True:
        page = desk.get("/v1/agent-uses", limit=1, **cursor)
        found += page["uses"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert [use["order_id"] for use in found] == orders
    assert desk.get("/v1/agent-uses", cursor=cursor["cursor"], told="yes").code == "CursorDiffers"


def test_nobody_else_is_told(town, helped, lab):
    entered(town, helped)
    hand_over(town, helped, helped.agent)
    ordered(town, helped, lab)

    assert read_by(town.desk(CHANGXING, "firm-changxing")) == []
    assert town.desk(CHANGXING, "firm-changxing").get("/v1/powers")["powers"] == []
    assert read_by(town.desk(KUNSHAN, "directory")) == []
    assert town.desk(SHANGHAI, "lab-shanghai").get("/v1/agent-uses").code == "RoleNotAllowed"
    assert town.desk(CHANGXING, "reviewer-1").post("/v1/powers", helped.key() | {"from": 0, "until": 1}).code == "RoleNotAllowed"


def test_a_power_is_listed_to_its_firm_and_its_office(town, helped):
    power = entered(town, helped)

    assert town.desk(CHANGXING, helped.firm.key).get("/v1/powers")["powers"] == [power.body]
    assert power.body in town.desk(CHANGXING, "directory").get("/v1/powers", limit=1000)["powers"]
    first = town.desk(CHANGXING, "auditor").get("/v1/powers", limit=1)
    assert len(first["powers"]) == 1


def test_a_power_is_entered_once_and_withdrawn_once(town, helped):
    times = {"from": 0, "until": town.now + DAY}
    assert entered(town, helped, **times).status == entered(town, helped, **times).status == 201

    assert entered(town, helped, **(times | {"until": town.now + 2 * DAY})).code == "PowerDiffers"
    assert office(town).post("/v1/powers/withdraw", helped.key(at=5, document_sha256="ab" * 32)).code == "NotFound"
    first, second = (office(town).post("/v1/powers/withdraw", helped.key(at=at)) for at in (1_000, 2_000))
    assert (first["withdrawn"], second["withdrawn"]) == (1_000, 1_000)


@pytest.mark.parametrize(
    "change",
    [{"until": 1}, {"agent": "0x" + "0" * 40}, {"document_sha256": "0" * 64}, {"document_sha256": "0x" + "ab" * 31}],
)
def test_what_is_no_power_is_refused(town, helped, change):
    assert entered(town, helped, **change).code == "InvalidRequest"


def test_a_gateways_own_account_is_no_agent(town, helped):
    relay = town.world.officials[CHANGXING]["relay"].account.address

    assert entered(town, helped, agent=relay).code == "SignerIsGateways"


def test_a_power_may_be_entered_before_its_firm_is_enrolled(town):
    """The agent's key is the firm's signer from the first day on."""
    agent = new_account()
    code = new_firm(town, SHANGHAI).company_code  # known to Changxing by nothing
    asked = {"firm": code, "agent": agent.address, "document_sha256": DOCUMENT, "from": 0, "until": town.now + DAY}

    assert office(town).post("/v1/powers", asked)["signs"] is False
    assert office(town).post("/v1/firms", {"firm": code, "signer": agent.address}).status == 201

    (power,) = (each for each in office(town).get("/v1/powers", limit=1000)["powers"] if each["agent"] == agent.address.lower())
    assert power["signs"] is True
