"""Relays that are wrong in exactly one way, and the proof that the suite catches each of them.

A mutant is the reference relay with one function replaced, in a process of its own. The catalogue says which
verdicts must change and by which requirement; every other verdict must stay a pass. From the folder `tests`:

    python -m mutants                                        all of them, with the kill rate
    python -m mutants never_retries                          one of them
    pytest --target=mutants.target:never_retries             one of them, as the suite's users see it
"""
