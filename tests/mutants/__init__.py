"""Relays that are wrong in exactly one way, and the proof that the suite catches each of them.

A mutant is the reference relay with one function replaced, in a process of its own. What replaces it, which
verdicts must change and by which requirement stands in one file of `mutations/`; every other verdict must stay a pass.
To add a mutant is to add a function there. From the folder `tests`:

    python -m mutants                                        all of them, with the kill rate
    python -m mutants never_retries                          one of them
    python -m mutants --whole --keep FOLDER                  the whole suite against sixty of them: how much is red
    pytest --target=mutants.target:never_retries             one of them, as the suite's users see it
"""
