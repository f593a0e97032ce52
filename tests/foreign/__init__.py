"""Foreign faults: what users of other mail programs have reported, one by one in copies of the reference relay.

Our own mutants (`tests/mutants`) are made for what is staged, so that every one of them is caught says little of the
world. These are not: each has a public reference, and was declared before there was anything that could catch it.
`python -m foreign` (`nox -s foreign`) stages for each fault what the requirement judges that must catch it, and
prints the rate. *Caught*: in a scenario in which the fault's situation occurred (the changed code says so by a
marker) the requirement is red, and the unchanged relay is green there. Beside them stand innocent oddities, which
nothing may accuse.

How to run it, how to add a fault, and all of them in a table: docs/foreign-faults.md.
"""
