"""What the cases of `--all` need beside the set-up of every demonstration."""

from typing import Any

import httpx

from scripts.demonstration.cast import BEIJING, CHANGXING, HEBEI, MORE_LABS, TIANJIN
from scripts.demonstration.scene import Got, Scene, chosen

ITEMISED, JOINT = "itemised-sample", "joint-sample"
"""Samples beside a region's own programme: Changxing opens the one, Beijing the other."""

ENROLLED = ("firm-tianjin", "firm-tianjin-2", "firm-hebei", "firm-beijing-2", "firm-beijing-3")


def set_up(scene: Scene) -> Got:
    """Programmes, directory, recognition, pools."""
    opened = {
        "120000": scene.open(TIANJIN, "tianjin-2019"),
        "130000": scene.open(HEBEI, "hebei-2016"),
        ITEMISED: scene.open(CHANGXING, ITEMISED, sample=True),
        JOINT: scene.open(BEIJING, JOINT, sample=True),
    }
    yield "programmes", {name: answer.status for name, answer in opened.items()}
    yield "rules", {name: _rule(scene, answer["programme_id"]) for name, answer in opened.items()}

    labs = [scene.admit(lab) for lab in MORE_LABS]
    firms = [scene.enrol(scene.firm(key)) for key in ENROLLED]
    for region in (TIANJIN, HEBEI, BEIJING):
        scene.state(region, [firm for firm in map(scene.firm, ENROLLED) if firm.region == region])
    recognised = scene.recognise(HEBEI, scene.lab_id(scene.lab("lab-beijing")))
    answers = {"labs": labs, "firms": firms, "recognitions": [recognised]}
    yield "directory", {name: sum(answer.status == httpx.codes.CREATED for answer in each) for name, each in answers.items()}

    scene.fund(TIANJIN, "20000000", "TJ-2019-001")
    scene.fund(HEBEI, "3000000", "HE-2016-001")
    scene.fund(CHANGXING, "5000000", "SAMPLE-001", sample=ITEMISED)
    scene.fund(BEIJING, "15000000", "SAMPLE-001", sample=JOINT)
    pools = [scene.pool(TIANJIN), scene.pool(HEBEI), scene.pool(CHANGXING, sample=ITEMISED), scene.pool(BEIJING, sample=JOINT)]
    yield "pools", dict(zip(opened, (each["funded"] for each in pools), strict=True))


def _rule(scene: Scene, programme: str) -> dict[str, Any]:
    """What the chain holds of a programme's rule, as an auditor reads it."""
    seen = scene.desk(BEIJING, "auditor").get(f"/v1/programmes/{programme}").body
    return chosen(seen, "paid_home", "paid_across", "approval", "first_review", "itemised", "min_partners")
