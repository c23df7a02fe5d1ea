"""What a trial of the state machine starts with: everybody and everything that stands before its first step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.chain.artifacts import Artifact
from registry.model import (
    UNLIMITED,
    Address,
    Approval,
    Fen,
    Firm,
    FirstReview,
    Id,
    MotionKind,
    Paid,
    Region,
    Slice,
    Time,
    Voucher,
)
from tests.contracts.twins import Twins
from tests.contracts.world import BEIJING, CHANGXING, DAY, REGIONS, SHANGHAI, YUAN, World, person

OFFICE = ("admin", "recovery", "issuer", "reviewer", "second_reviewer", "payer", "directory")
FACE, NOTE, FEN = Fen(10_000 * YUAN), Fen(1_000 * YUAN), Fen(1)
FALLING = (Slice(Fen(3_000 * YUAN), 9_000), Slice(Fen(9_000 * YUAN), 5_000), Slice(Fen(30_000 * YUAN), 1_001))


@dataclass
class Cast:
    """Everybody and everything that stands before the first step."""

    twins: Twins
    people: Sequence[Address]
    offices: Mapping[tuple[Region, str], Address]
    vouchers: Sequence[Voucher]
    labs: Sequence[Id]
    items: Sequence[Id]
    firms: Sequence[Firm]


def cast(world: World, harness: Mapping[str, Artifact]) -> Cast:
    """Programmes of every kind in two regions with three firms each, four labs, two items, and vouchers for every firm."""
    firms = [world.firm(region) for region in (CHANGXING, BEIJING) for _ in range(3)]
    labs = [
        world.lab(SHANGHAI, recognised_by=(CHANGXING, BEIJING)),
        world.lab(CHANGXING, recognised_by=(CHANGXING, BEIJING)),
        world.lab(SHANGHAI, recognised_by=(CHANGXING,), days=200),
        world.lab(BEIJING, recognised_by=()),
    ]
    items = [world.item(labs[0], recognised_by=(CHANGXING,)), world.item(labs[1])]
    vouchers = []
    for denomination, kind in (
        (FEN, {"funded": UNLIMITED, "slices": (Slice(UNLIMITED, 9_999),)}),
        (NOTE, {"funded": 40_000 * YUAN}),
        (FEN, {"region": BEIJING, "payer": BEIJING, "paid_across": Paid.FIRM, "first_review": FirstReview.HOME, "slices": FALLING}),
        (NOTE, {"payer": Region(0), "first_review": FirstReview.HOST, "slices": (Slice(UNLIMITED, 10_000),)}),
        (FACE, {"min_partners": 3, "approval": Approval.ALWAYS}),
        (FEN, {"itemised": True, "payer": SHANGHAI, "first_review": FirstReview.HOST, "slices": FALLING, "hold_days": 200}),
        (NOTE, {"min_partners": 2, "hold_days": 40, "slices": FALLING}),
        (
            Fen(2_500 * YUAN),
            {"region": BEIJING, "payer": BEIJING, "paid_home": Paid.FIRM, "approval": Approval.CROSS_REGION, "funded": 15_000 * YUAN},
        ),
    ):
        programme = world.programme(**({"funded": 100_000 * YUAN} | kind))
        # Of a joint voucher a firm has two, for it counts as one partner all the same.
        for firm in firms * (2 if programme.joint else 1):
            if firm.record.region == programme.region:
                until = Time(world.now() + 400 * DAY)
                face = UNLIMITED if kind.get("funded") == UNLIMITED else FACE
                vouchers.append(world.voucher(programme, firm, face=face, denomination=denomination, claim_by=until))
    offices = {(region, who): getattr(world.offices[region], who) for region in REGIONS for who in OFFICE}
    spare = [person(f"spare {number}") for number in range(8)]
    # Another subsidy for the same cost may claim on invoices, too.
    world.decide(MotionKind.AUTHORISE_CLAIMANT, account=person("another subsidy"))
    people = [person("stranger"), *spare, *(each.signer for each in (*firms, *labs)), *offices.values(), person("another subsidy")]
    world.send(world.deployer, None, bytes.fromhex(harness["Examiner"].bytecode.removeprefix("0x")))
    return Cast(
        twins=Twins(world, world.last_contract, harness["SlotReader"].deployed_bytecode, [bytes(each.key) for each in people]),
        people=[Address(each.address) for each in people],
        offices={who: Address(each.address) for who, each in offices.items()},
        vouchers=vouchers,
        labs=[each.id for each in labs],
        items=items,
        firms=[each.record for each in firms],
    )
