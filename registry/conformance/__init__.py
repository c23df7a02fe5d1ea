"""
A candidate region's rehearsal (符合性测试), which ends in a signed report.

Every verb of the protocol is tried against its own gateway and node, with test parties.

    cast        who takes part, and the test programmes
    refusals    why one is not begun, and why a report is none
    rehearsal   the folder that a rehearsal is made of: a consortium of three regions, and all keys
    desks       how parties ask the gateway under test
    stage       what checks share: gateway, chain, partner, and what earlier checks came to
    table       a check, and how one is played
    checks/     all checks, by what they look at
    report      the report, its signature, and how it stands beside this version's checks
    page        the report for people
    on_chain    whether what a report names stands on a node's chain
    run         playing them all
"""
