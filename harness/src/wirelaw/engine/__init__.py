"""The engine: runs cases against an IUT on one event loop, and comes to a verdict for each.

    binding      the C side: codecs and the network, by cffi
    tables       a protocol's types and fields by name, as the C tables have them
    codec        messages: from fields to bytes and back
    compare      does a message have the fields that a step expects?
    values       variables, and the values that steps are written with
    net          connections and listeners of the C event loop
    scheduler    the loop: resumes each case when what it waits for is there
    ...
"""
