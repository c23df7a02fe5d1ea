"""
`tongquan`, the command line: everything that a person or a script does, through the library's own verbs and the gateways' routes.

    app          the commands, by group, and those that other packages bring
    command      what every command has: common options, one JSON object a line, exit status, an example
    session      what a command asks for: node, gateway, key, stored requests; made when asked for
    reading      what is only read: from a gateway, or from a node where there is none
    documents    a document that two parties sign: checked before it is signed
    one module a group of commands, each thin: parse, one call, answer

A lab or firm needs a key file and its gateway's address; an auditor a node's address and the deployment file; a region's admin a node,
the deployment file and a key file.

What is not here: the gateway's own commands (`tongquan gateway …`). The library does not know the gateway; that package brings them
through the entry points named `tongquan.commands`.
"""
