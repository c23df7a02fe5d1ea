"""The catalogue over HTTP: lists taken in whole or not at all, brought onto the chain once, searched; and whether a lab is listed."""

import pytest

from gateway.acts import catalogue as acts
from gateway.cursors import Question
from scripts.demonstration.cast import BEIJING, CHANGXING, SHANGHAI, sample_code
from scripts.demonstration.desks import Desk
from tests.gateway.newcomers import new_account

pytestmark = pytest.mark.both_in_full

LAB_COLUMNS = "地区代码,依托单位代码,依托单位,服务机构代码,服务机构名称,服务类型,所在地,签名账户,资质截止日,互认地区,互认起始日,互认截止日"
ITEM_COLUMNS = "地区代码,依托单位代码,服务机构代码,条目代码,条目名称,服务类型,所在地,互认地区,互认起始日,互认截止日"
NOTHING = {"admit": 0, "renew": 0, "list": 0, "recognise": 0, "waiting": 0}


class Listed:
    """Some labs of one unit in Beijing, and their items, under codes that nobody else uses."""

    def __init__(self, town):
        self.town, self.mark = town, f"{town.number():05}"
        self.unit = town.company_code(BEIJING)
        self.labs, self.items = [LAB_COLUMNS], [ITEM_COLUMNS]

    def lab(
        self, number, *, name="检测实验室", service="检测", place="北京市海淀区", until="2099-12-31", recognised="", unit=None, signer=None
    ):
        signer = signer or new_account().address
        row = (BEIJING, unit or self.unit, "样例研究院", self.code(number), f"样例{self.mark}{name}", service, place, signer, until)
        self.labs.append(",".join(map(str, row)) + "," + (recognised or ",,"))
        return self

    def item(self, number, code, *, name="扫描电镜", service="显微成像", recognised=""):
        row = (BEIJING, self.unit, self.code(number), code, f"样例{self.mark}{name}", service, "北京市")
        self.items.append(",".join(map(str, row)) + "," + (recognised or ",,"))
        return self

    def code(self, number):
        return f"C-{self.mark}-{number}"

    @property
    def files(self):
        lists = {"labs": self.labs, "items": self.items}
        return {name: "\n".join(lines) + "\n" for name, lines in lists.items() if len(lines) > 1}

    def desk(self, region=BEIJING) -> Desk:
        return self.town.desk(region, "directory")

    def enter(self, region=BEIJING):
        return self.desk(region).hand_in("/v1/catalogue/lists", self.files)

    def search(self, region=BEIJING, caller="directory", **asked):
        found = self.town.desk(region, caller).get("/v1/catalogue", **({"name": self.mark} | asked))
        assert found.status == 200, found.body
        return found

    def found(self, **asked):
        return [each["name"].removeprefix(f"样例{self.mark}") for each in self.search(**asked)["entries"]]

    def events(self, name):
        """Events of this kind about these labs and items, as the codes of whatever they are about."""
        known = {each["subject"]: each["code"] for each in self.search(limit=1000)["entries"]}
        values = [each["values"] for each in self.town.events() if each["name"] == name]
        subjects = (each.get("subject") or each.get("item") or each["lab"] for each in values)
        return sorted(known[each] for each in subjects if each in known)


@pytest.fixture(autouse=True)
def _nothing_else_left(town):
    for region in (BEIJING, CHANGXING):
        town.load(region)


@pytest.fixture
def listed(town):
    return Listed(town)


def window(*regions, until="2099-12-31"):
    return f"{'、'.join(map(str, regions))},2020-01-01,{until}"


def test_two_lists_are_taken_in_and_loaded_and_a_second_time_changes_nothing(town, listed):
    listed.lab(1).lab(2).item(1, "I-1").item(1, "I-2").item(2, "I-1")

    entered = listed.enter()
    before = town.event_count()
    steps = []
    while not steps or any(steps[-1]["left"].values()):
        steps.append(listed.desk().post("/v1/catalogue/load", {}))

    assert (entered.status, entered["labs"], entered["items"], entered["repeated"]) == (201, 2, 3, False)
    assert entered["left"] == NOTHING | {"admit": 2, "list": 3}
    assert [each["left"]["list"] for each in steps] == [3, 0]
    assert listed.events("LabAdmitted") == [listed.code(1), listed.code(2)]
    assert listed.events("ItemListed") == ["I-1", "I-1", "I-2"]
    after = town.event_count()
    assert after - before == 5
    again = listed.enter()
    assert (again.status, again["repeated"], again["lists"], again["left"]) == (201, True, entered["lists"], NOTHING)
    assert listed.desk().post("/v1/catalogue/load", {})["calls"] == 0
    assert town.event_count() == after


def test_one_bad_row_of_either_list_takes_nothing_in(town, listed):
    listed.lab(1).item(1, "I-1").item(2, "I-1")

    checked = listed.desk().hand_in("/v1/catalogue/check", listed.files)
    refused = listed.enter()

    assert [(each["list"], each["line"], each["code"]) for each in checked["bad"]] == [("ITEM", 3, "LabNotInCatalogue")]
    assert (refused.status, refused.code, refused["values"]["bad"]) == (422, "BadRows", checked["bad"])
    assert listed.search()["entries"] == []
    assert listed.desk().post("/v1/catalogue/load", {})["calls"] == 0


def test_bad_rows_that_only_the_registry_knows_are_told_by_line(town, listed):
    reviewer = town.world.officials[CHANGXING]["reviewer-1"].account.address
    relay = town.world.officials[BEIJING]["relay"].account.address
    listed.lab(1, signer=reviewer).lab(2, signer=relay).lab(3, recognised=window(440000))

    checked = listed.desk().hand_in("/v1/catalogue/check", listed.files)

    assert [(each["line"], each["code"]) for each in checked["bad"]] == [
        (2, "SignerHoldsRole"),
        (3, "SignerIsGateways"),
        (4, "RegionUnknown"),
    ]


def test_a_load_that_was_broken_off_goes_on_after_a_restart_and_admits_nobody_twice(town, listed, monkeypatch):
    monkeypatch.setattr(acts, "CALLS_AT_ONCE", 2)
    for number in range(5):
        listed.lab(number)
    listed.enter()

    first = listed.desk().post("/v1/catalogue/load", {})
    with town.restarted(BEIJING):
        town.load(BEIJING)

        assert (first["calls"], first["left"]["admit"]) == (2, 3)
        assert listed.events("LabAdmitted") == [listed.code(number) for number in range(5)]
        assert all(each["standing"] == "ACTIVE" for each in listed.search()["entries"])


def test_a_step_under_the_same_key_is_the_same_step(town, listed):
    listed.lab(1)
    listed.enter()

    answers = [listed.desk().post("/v1/catalogue/load", {}, key=f"STEP-{listed.mark}") for _ in range(2)]

    assert answers[0] == answers[1]
    assert listed.events("LabAdmitted") == [listed.code(1)]


def test_what_another_region_has_not_admitted_yet_waits(town, listed):
    """One file serves both: its host region admits by it, and whoever recognises does so by the same."""
    listed.lab(1, recognised=window(CHANGXING)).lab(2)

    entered = listed.enter(CHANGXING)
    town.load(CHANGXING)
    waiting = listed.desk(CHANGXING).post("/v1/catalogue/load", {})
    listed.enter(BEIJING)
    town.load(BEIJING)
    town.load(CHANGXING)

    assert entered["left"] == NOTHING | {"waiting": 1}
    assert (waiting["calls"], waiting["left"]) == (0, NOTHING | {"waiting": 1})
    assert listed.events("Recognised") == [listed.code(1)]
    shas = [{each["sha256"] for each in listed.desk(region).get("/v1/catalogue/lists")["lists"]} for region in (BEIJING, CHANGXING)]
    assert set(entered["lists"]) <= shas[0] & shas[1]


def test_an_old_list_brings_nothing_back_that_was_withdrawn(town, listed):
    listed.lab(1, recognised=window(CHANGXING))
    for region in (BEIJING, CHANGXING):
        listed.enter(region)
        town.load(region)
    (lab,) = (each["subject"] for each in listed.search()["entries"])
    assert listed.desk(CHANGXING).post("/v1/recognitions/withdraw", {"subjects": [lab]}).status == 200

    again = listed.enter(CHANGXING)
    listed.lab(2)
    other = listed.desk(CHANGXING).hand_in("/v1/catalogue/check", listed.files)

    assert (again["repeated"], again["left"]) == (True, NOTHING)
    assert [(each["line"], each["code"]) for each in other["bad"]] == [(2, "WithdrawnBefore")]


def test_a_later_list_describes_and_renews_and_an_earlier_one_no_longer_counts(town, listed):
    signer = new_account().address
    listed.lab(1, name="旧名", until="2098-12-31", signer=signer)
    first = listed.files
    listed.enter()
    town.load(BEIJING)
    listed.labs = [LAB_COLUMNS]
    listed.lab(1, name="新名", until="2099-12-31", signer=signer)

    entered = listed.enter()
    town.load(BEIJING)
    earlier = listed.desk().hand_in("/v1/catalogue/lists", first)

    assert entered["left"] == NOTHING | {"renew": 1}
    assert (earlier["repeated"], earlier["left"]) == (True, NOTHING)
    assert listed.found() == ["新名"]
    assert listed.search()["entries"][0]["qualified_until"] == 4_102_415_999


def test_who_invoices_is_not_changed_by_a_list(town, listed):
    listed.lab(1)
    listed.enter()
    town.load(BEIJING)
    (lab,) = (each["subject"] for each in listed.search()["entries"])
    renewal = {"seller": sample_code(BEIJING, 99), "qualified_until": town.now + 86_400}
    assert listed.desk().post(f"/v1/labs/{lab}/renew", renewal).status == 200
    listed.lab(2)

    checked = listed.desk().hand_in("/v1/catalogue/check", listed.files)

    assert [(each["line"], each["code"]) for each in checked["bad"]] == [(2, "SellerDiffers")]


def test_offices_of_other_regions_and_other_roles_load_nothing_here(town, listed):
    listed.lab(1)

    by_role = [town.desk(BEIJING, name).hand_in("/v1/catalogue/lists", listed.files).code for name in ("issuer", "auditor", "firm-beijing")]
    none = listed.desk().hand_in("/v1/catalogue/lists", {"other": "x"})

    assert by_role == ["RoleNotAllowed"] * 3
    assert none.code == "InvalidRequest"


# Searching


@pytest.fixture
def searched(town, listed):
    listed.lab(1, name="薄膜材料实验室", service="检测、分析", place="北京市海淀区", recognised=window(CHANGXING))
    listed.lab(2, name="生物医药中心", service="委托开发", place="北京市昌平区").item(2, "ＸＲＤ-1", name="X射线衍射仪")
    for region in (BEIJING, CHANGXING):
        listed.enter(region)
        town.load(region)
    return listed


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["薄膜材料实验室", "生物医药中心", "X射线衍射仪"]),
        ({"service": "分析"}, ["薄膜材料实验室"]),
        ({"place": "昌平"}, ["生物医药中心"]),
        ({"kind": "ITEM"}, ["X射线衍射仪"]),
        ({"kind": "LAB"}, ["薄膜材料实验室", "生物医药中心"]),
        ({"region": SHANGHAI}, []),
        ({"service": "检测", "place": "昌平"}, []),
        ({"usable_by": BEIJING}, ["薄膜材料实验室", "生物医药中心", "X射线衍射仪"]),
        ({"usable_by": CHANGXING}, ["薄膜材料实验室"]),
        ({"usable_by": SHANGHAI}, []),
    ],
)
def test_a_search_is_by_name_service_type_place_and_whose_vouchers(searched, asked, names):
    assert searched.found(**asked) == names


@pytest.mark.parametrize("text", ["薄膜", "料实", "膜材料实验"])
def test_any_part_of_a_name_is_found(searched, text):
    assert searched.found(name=f"{searched.mark}{text}") == [] if text != "薄膜" else ["薄膜材料实验室"]
    named = searched.town.desk(BEIJING, "firm-beijing").get("/v1/catalogue", name=text, limit=1000)["entries"]
    assert f"样例{searched.mark}薄膜材料实验室" in {each["name"] for each in named}


def test_width_and_case_make_no_difference(searched):
    codes = [each["code"] for each in searched.search(name="xrd-1", limit=1000)["entries"]]

    assert "ＸＲＤ-1" in codes


def test_pages_follow_each_other_and_a_cursor_belongs_to_its_search(searched):
    pages, cursor = [], None
    while not pages or cursor:
        page = searched.search(limit=2, **({"cursor": cursor} if cursor else {}))
        pages.append([each["code"] for each in page["entries"]])
        cursor = page["next"]
    first = searched.search(limit=1)["next"]

    assert [len(each) for each in pages] == [2, 1]
    assert len({code for page in pages for code in page}) == 3
    other = searched.desk().get("/v1/catalogue", name="另一查询", cursor=first)
    assert (other.status, other.code) == (422, "CursorDiffers")


def test_a_search_tells_where_a_lab_stands_today(searched):
    lab = searched.search()["entries"][0]
    searched.desk().post(f"/v1/labs/{lab['subject']}/suspend", {})

    assert (lab["standing"], lab["usable_by"]) == ("ACTIVE", [BEIJING, CHANGXING])
    seen = searched.search()["entries"][0]
    assert (seen["standing"], seen["usable_by"]) == ("SUSPENDED", [])
    assert searched.found(usable_by=CHANGXING) == []


# Whether a lab is listed


def told_by(desk, asked):
    return {each["region"]: each for each in desk.post("/v1/catalogue/listing", asked)["regions"]}


def test_a_lab_learns_whose_vouchers_it_may_take_and_why_not_the_others(searched):
    labs = {each["code"]: each["subject"] for each in searched.search(kind="LAB")["entries"]}
    desk = searched.town.desk(SHANGHAI, "lab-shanghai")

    listed = told_by(desk, {"lab": labs[searched.code(1)]})
    sister = told_by(desk, {"lab": labs[searched.code(2)]})

    assert (listed[CHANGXING]["usable"], listed[BEIJING]["usable"], listed[SHANGHAI]["usable"]) == (True, True, False)
    (reason,) = sister[CHANGXING]["reasons"]
    assert (reason["code"], reason["cause"], reason["values"]["listed_labs"]) == ("NotRecognised", "UNIT_LISTED_NOT_LAB", 1)
    assert reason["zh"].startswith("依托单位")


def test_a_lab_that_nobody_admitted_under_a_listed_unit_is_told_just_that(searched):
    named = {"region": BEIJING, "host_unit": searched.unit, "code": "NOT-LISTED"}
    desk = searched.town.desk(BEIJING, "firm-beijing")

    answer = desk.post("/v1/catalogue/listing", {"lab": named})
    stranger = desk.post("/v1/catalogue/listing", {"lab": named | {"host_unit": sample_code(BEIJING, 98)}})

    assert (answer["lab"], answer["unit_labs"], stranger["unit_labs"]) == (None, 2, 0)
    causes = {each["region"]: [reason["cause"] for reason in each["reasons"]] for each in answer["regions"]}
    assert (causes[CHANGXING], causes[SHANGHAI]) == (["UNIT_LISTED_NOT_LAB"], [None])
    assert {reason["cause"] for each in stranger["regions"] for reason in each["reasons"]} == {None}


def test_what_is_usable_can_be_reserved_and_what_is_not_cannot(searched, firm):
    """The catalogue's word and the contract's are one."""
    town = searched.town
    labs = {each["code"]: each["subject"] for each in searched.search(kind="LAB")["entries"]}
    serial = town.serial_for(firm)
    named = {"voucher": {"region": CHANGXING, "firm": firm.company_code, "serial": serial}, "amount": "100000"}

    found = [town.desk(CHANGXING, firm.key).post("/v1/verifications", named | {"lab": lab}) for lab in labs.values()]

    assert [(each["status"], [reason["cause"] for reason in each["reasons"]]) for each in found] == [
        ("VALID", []),
        ("NOT_VALID", ["UNIT_LISTED_NOT_LAB"]),
    ]


@pytest.mark.parametrize("position", ["", "x", "-1", "9" * 30])
def test_a_cursor_that_this_gateway_did_not_give_out_is_refused(searched, position):
    """Its binding to the question holds no secret, so anybody could make one."""
    asked = {"name": searched.mark}
    filters = (searched.mark, None, None, None, None, None, None)
    forged = Question("catalogue", "firm-beijing", filters).cursor(position)

    answer = searched.town.desk(BEIJING, "firm-beijing").get("/v1/catalogue", **asked, cursor=forged)

    assert (answer.status, answer.code) == (422, "CursorRefused")
