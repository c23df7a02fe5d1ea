"""The gateway under schemathesis, with all of its checks: some 3,000 cases here, as many as one likes by `scripts/fuzz`."""

import pytest

from tests.gateway.fuzz import fuzz


@pytest.mark.slow
def test_no_generated_request_meets_a_fault_or_an_answer_that_is_not_described():
    assert fuzz(3) == 0
