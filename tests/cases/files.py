"""Programme files as a test has them: a real one, with some of its keys changed."""

import re
from typing import Any


def opened(town: Any, region: int, name: str, *, fund: str = "100000000", **changed: str) -> str:
    """
    A region's issuer opens a programme by a file of `programmes/` under a code of its own; its name in `town.programmes`.

    `changed` are keys of the file with what stands there instead, as TOML. Region and payer are the region that opens it.
    """
    sample, text = f"{name}-{town.number()}", town.programme_text(name)
    for key, value in ({"region": str(region), "payer": str(region), "code": f'"{sample}"'} | changed).items():
        text, found = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        assert found, f"{name} has no {key}"
    answer = town.desk(region, "issuer").post("/v1/programmes", {"file": text})
    assert answer.status == 201, answer.body
    town.programmes[sample] = answer["programme_id"]
    payer = int(changed.get("payer", region))
    asked = {"amount": fund, "bank_reference": sample}
    assert town.desk(payer, "payer").post(f"/v1/programmes/{answer['programme_id']}/fund", asked).status == 200
    return sample


def stated(town: Any, region: int, firm: Any, **facts: Any) -> None:
    """The region puts on record what it established of a firm that is registered there."""
    told = {"firm": firm.company_code, "who": "FIRM", "registered_here": True, **facts}
    assert town.desk(region, "directory").post("/v1/firm-facts", {"firms": [told]}).status == 201


def granted(town: Any, region: int, firm: Any, sample: str | None, *, face: str, denomination: str = "1") -> str:
    """The serial of a voucher just issued, under a sample or the region's own programme."""
    serial = f"S-{town.number()}"
    answer = town.issue(region, [(firm.company_code, serial)], face=face, denomination=denomination, sample=sample)
    assert answer.status == 201, answer.body
    return serial
