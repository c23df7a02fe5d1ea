"""
How much a run takes on: TONGQUAN_TESTS says `quick` (the default, a developer's run) or `full` (CI's).

Every test runs either way, and what speaks to a node does so on both: contracts, chain, index, outbox, client, the gateway's reads and
writes, the command line's days. The demo is played on ganache, as people run it. Longer in full: the random comparison of contracts and
rules takes twenty times the steps; schemathesis also goes beyond each schema's boundaries one by one, not at random alone; Ctrl-C, too,
ends a demo that stays, which a kill does either way; what the gateway does far above its node (keys, bad input, evidence, payments,
months, moves, the papers' cases, a whole rehearsal, every example) runs on ganache as well as on anvil; and audits run on anvil as well
as on ganache, the one of the two whose storage roots prove that no other slot holds anything (`both_in_full`).
"""

import os

EFFORT = os.environ.get("TONGQUAN_TESTS", "quick")
if EFFORT not in ("quick", "full"):
    raise SystemExit(f"TONGQUAN_TESTS is quick or full, not {EFFORT}")
FULL = EFFORT == "full"
