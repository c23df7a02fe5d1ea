"""A host region lists its lab's instruments and services."""

import pytest

from registry import codec
from registry.model import NO_ID, Item
from tests.contracts.directory.parties import OTHERS_THAN_DIRECTORY, UNKNOWN
from tests.contracts.seen import account, said, unchanged
from tests.contracts.world import SHANGHAI, refused


def test_an_unknown_lab_lists_nothing(directory, host):
    with refused("UnknownLab", lab=UNKNOWN):
        directory.list(UNKNOWN, ["XRD"], by=host.directory)


@pytest.mark.parametrize("who", [*OTHERS_THAN_DIRECTORY, "directory elsewhere"])
def test_only_the_host_region_lists(world, directory, lab, who):
    sender = account(world, who, SHANGHAI)

    with refused("NotDirectory", account=sender, region=SHANGHAI):
        directory.list(lab.id, ["XRD"], by=sender)


@pytest.mark.parametrize("codes", [[""], ["XRD", ""]])
def test_an_item_has_a_code(directory, lab, host, codes):
    with refused("InvalidCode"):
        directory.list(lab.id, codes, by=host.directory)


@pytest.mark.parametrize("codes", [["SEM"], ["XRD", "SEM"], ["XRD", "XRD"]])
def test_an_item_is_listed_once(directory, lab, host, codes):
    directory.list(lab.id, ["SEM"], by=host.directory)

    with refused("AlreadyListed", item=codec.id_of(Item(lab.id, codes[-1]))):
        directory.list(lab.id, codes, by=host.directory)

    assert directory.items(codec.id_of(Item(lab.id, "XRD"))) == NO_ID


def test_items_are_listed(directory, lab, neighbour, host):
    items = {code: codec.id_of(Item(lab.id, code)) for code in ("XRD", "透射电镜")}

    with unchanged(lambda: directory.labs(lab.id), lambda: directory.items(codec.id_of(Item(neighbour.id, "XRD")))):
        sent = directory.list(lab.id, list(items), by=host.directory)

    assert sent.events == tuple(said("ItemListed", item=item, lab=lab.id, code=code) for code, item in items.items())
    assert [directory.items(item) for item in items.values()] == [lab.id, lab.id]
    assert [directory.itemId(Item(lab.id, code)) for code in items] == list(items.values())


def test_two_labs_may_use_one_code(directory, lab, neighbour, host):
    directory.list(lab.id, ["XRD"], by=host.directory)
    directory.list(neighbour.id, ["XRD"], by=host.directory)

    assert directory.items(codec.id_of(Item(neighbour.id, "XRD"))) == neighbour.id
