"""
The gateway under schemathesis, with all of its checks: some 3,000 cases here, always of one seed, so that a run is red for a change alone.

Other seeds, and as many cases as one likes, are `scripts/fuzz --examples N`.
"""

import pytest

from tests.gateway.fuzz import fuzz


@pytest.mark.slow
def test_no_generated_request_meets_a_fault_or_an_answer_that_is_not_described():
    everybody, firm = fuzz(3, "--seed", "4182", also=[("FIRM", "--phases", "examples,fuzzing")])

    assert (everybody.status, everybody.generated - everybody.passed) == (0, 0)
    assert everybody.generated >= 2_000
    assert (firm.status, firm.generated - firm.passed) == (0, 0)
    assert firm.generated >= 100
