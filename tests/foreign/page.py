"""docs/foreign-faults.md: what the bench is, how it is run and added to, and all of it in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .change import KINDS, Change, Fault, Oddity

_HEAD = """\
# Foreign faults

<!-- Written by `python -m foreign --page`, in tests/; edit the declarations below tests/foreign/faults/ instead. -->

Faults that users of other mail programs have reported in public, each put into a copy of the reference relay, and
beside them oddities that the RFCs permit. They were declared before there was a scenario for them, and say how much
of what goes wrong in the world the suite would see. A fault is *caught* if, in a scenario in which its situation
occurred, the requirement that it names is red, and the unchanged relay is green there. An oddity must not be
accused by anything.

## Run it

```console
$ nox -s foreign
$ cd tests && python -m foreign [NAME...] [--kind N] [--jobs N] [--keep FOLDER] [--at-least PERCENT]
```

One line is printed for each: *caught*, *missed*, *situation never occurred* (nothing that the requirement
judges stages it), *no such requirement yet*, or *accuses the unchanged relay*. With `--keep` a run that was broken
off goes on where it was. The exit status is 0 if the rate is reached, and nobody is accused who is innocent.

## Add one

A function in a file below `tests/foreign/faults/`, with the decorator `fault`: where it was reported (an address that
somebody has opened), what was reported in words of our own, the kind of situation, and the ids of the requirements
of which one must be red; an id that does not exist is the one that it ought to have. The function changes the
reference relay as little as possible (`mutants.patching.patch`), and calls `marked` where the situation has
occurred, and nowhere else. An oddity has the decorator `oddity`, with the RFC and section that permits it. Then
write this page again.

Of one that the RFCs leave to a relay `free` says why nothing may catch it, and of one that is missed `unseen` says why
so far; both count as missed all the same.

None is removed but as "not a sending relay's", by somebody who did not add it.
"""


def page(changes: Sequence[Change]) -> str:
    """Return the page."""
    faults = [change for change in changes if isinstance(change, Fault)]
    parts = [_HEAD, f"\n## The faults: {len(faults)}\n"]
    for kind, words in KINDS.items():
        rows = [_fault_row(fault) for fault in faults if fault.kind == kind]
        if rows:
            parts.append(
                f"\n### {kind}. {words[0].upper()}{words[1:]}: {len(rows)}\n\n"
                + _table(("name", "what was reported", "what the relay does here", "caught by"), rows)
            )
    oddities = [change for change in changes if isinstance(change, Oddity)]
    rows = [(f"`{each.name}`", each.summary, each.permitted) for each in oddities]
    parts.append(
        f"\n## The innocent oddities: {len(oddities)}\n\n"
        + _table(("name", "what the relay does", "permitted by"), rows)
    )
    return "".join(parts)


def _fault_row(fault: Fault) -> tuple[str, ...]:
    return (
        f"[`{fault.name}`]({fault.reference})",
        fault.reported,
        fault.summary,
        _caught_by(fault),
    )


def _caught_by(fault: Fault) -> str:
    if fault.free:
        return f"nothing: {fault.free}"
    ids = ", ".join(f"`{each}`" for each in fault.requirements)
    return f"nothing so far ({ids} ought to): {fault.unseen}" if fault.unseen else ids


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(text) for text in row)} |\n" for row in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
