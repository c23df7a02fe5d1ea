"""What the tests of the directory do to parties: bring a lab into a standing, lift a flag, and ask what may go on."""

from collections.abc import Sequence

from eth_account.signers.local import LocalAccount

from registry.model import NO_ID, Id, Motion, MotionKind, Region, Standing
from tests.contracts.seen import asked
from tests.contracts.world import CHANGXING, STRANGER, Party, Sent, World, digest

REASON = digest("reason")
UNKNOWN = Id(digest("nobody's record"))
OTHERS_THAN_DIRECTORY = ("stranger", "admin", "recovery", "issuer", "reviewer", "payer")


def directory_of(world: World, region: Region) -> LocalAccount:
    return world.offices[region].directory


def bring(world: World, lab: Party, standing: Standing) -> None:
    """Give a lab that is Active another standing, or leave it so."""
    verbs = {Standing.SUSPENDED: "suspend", Standing.EXITED: "exit", Standing.FROZEN: "freeze"}
    if standing in verbs:
        getattr(world.directory, verbs[standing])(lab.id, by=directory_of(world, lab.record.region))


def carry_later(world: World, motion: Motion, voters: Sequence[Region] | None = None) -> int:
    """Carry a motion an hour after whatever flag it is about; when it was carried."""
    world.at(world.now() + 3_600)
    return world.carry(motion, voters).time


def lift(world: World, party: Party) -> Motion:
    """The members lift the flag on a party."""
    motion = world.motion(MotionKind.LIFT_FLAG, region=party.record.region, subject=party.id)
    carry_later(world, motion)
    world.directory.lift(motion, by=STRANGER)
    return motion


def use(world: World, firm: Party, lab: Party, item: Id = NO_ID, *, itemised: bool = False, region: Region = CHANGXING) -> Sent:
    """Ask whether a voucher of the firm's may be reserved at the lab, in a block of its own."""
    return asked(world.directory, "requireAdmissible", region, firm.tag, lab.id, item, itemised)


def serve(world: World, firm: Party, lab: Party) -> Sent:
    """Ask whether the two may go on."""
    return asked(world.directory, "requireServing", CHANGXING, firm.tag, lab.id)
