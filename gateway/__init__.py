"""
A region's gateway (地区服务网关): HTTP in front of the shared registry, for labs, firms, offices, payers and auditors.

It keeps no records of its own that matter: what it answers comes from the chain through an index that can be deleted, what it
sends goes through an outbox. A route parses, makes one call, and shapes the answer.

    app          `create_app`
    settings     `Settings`, one gateway's; `safety` says which do not go together
    cli          `tongquan gateway …`

Nothing is imported here: whoever asks for the command's help would wait for the whole gateway.
"""
