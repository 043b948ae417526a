"""The engine: runs cases against an IUT on one event loop, and comes to a verdict for each.

From the ground up; each uses only what stands before it:

    binding      the C side by cffi: codecs and the network
    tables       a protocol's types and fields by name, as the C tables have them
    codec        messages: from fields to bytes and back, edits
    compare      does a message have the fields that a step expects?
    values       variables, and the values that steps are written with
    patterns     messages that a step expects, tolerates or forbids
    actions      the compiled arguments of steps
    net          connections, listeners and the one wait of the C event loop
    outcome      how a step ends a case
    deadlines    how long an answer may take, and whether it was we who were late
    connection   one connection of a running case
    scheduler    the loop: resumes a case when what it waits for is there
    run          one run of one case: variables, connections, log, verdicts
    target       the IUT as cases see it
    steps        runs the steps that every protocol has
    mqtt/        what is MQTT's own: defaults, flows, greetings, tidying up
    script       the `t` of cases in Python
    execute      one case from its first step to its verdict
    session      many cases on one IUT: order, isolation, second looks, who killed it
    plan         what a run is asked to do, and which cases that means
    bench        the IUT of a run, started and greeted
    record       from a run to a result
    matrix       the kill matrix, one process of it
    kills        the whole kill matrix, and what it shows
"""
