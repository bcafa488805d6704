"""The simulator: random histories, random machines, a real cargo, and two oracles that need neither.

    workspace   the generated repository: its files, what its programs must print, what each unit is built from
    history     random steps of a developer: edits, renames, branches, merges, rebases
    build       one run of cargo: its unit graph, which units it worked on, which it finished
    model       what a target directory holds and which units it lacks: the fewest a cargo can build
    transport   the ways a target directory travels in a cache
    machine     a developer's machine and a machine that starts from nothing, under a strategy
    journey     one seed from its first to its last step

Standard library only; the cargos come from steadytest (tests/e2e).
"""
