"""
How much a run takes on: TONGQUAN_TESTS says `quick` (the default, a developer's run) or `full` (CI's).

Every test runs either way, on both nodes. What is longer in full: the random comparison of contracts and rules takes twenty times the
steps, and the papers' cases of hundreds of records are played on ganache as well, where they take minutes.
"""

import os

EFFORT = os.environ.get("TONGQUAN_TESTS", "quick")
FULL = {"quick": False, "full": True}[EFFORT]
