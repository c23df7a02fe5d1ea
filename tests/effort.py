"""
How much a run takes on: TONGQUAN_TESTS says `quick` (the default, a developer's run) or `full` (CI's).

Every test runs either way. What is longer in full: the random comparison of contracts and rules takes twenty times the steps, and what
goes a long way through things that shorter tests do on both nodes is played on ganache as well: the papers' cases of hundreds of records,
a whole rehearsal, every example of the command line. Ctrl-C also ends a demo that stays, which a kill ends either way.
schemathesis also goes beyond the boundaries of each schema one by one, not at random alone.
"""

import os

EFFORT = os.environ.get("TONGQUAN_TESTS", "quick")
FULL = {"quick": False, "full": True}[EFFORT]
