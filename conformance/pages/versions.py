"""`mailflow-conformance catalogue`: the versions of the catalogue, and the page docs/catalogue-versions.md of them.

`--write FOLDER` is for whoever adds to the catalogue: what no version lists is taken down in the newest one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.versions import Reach, Version, is_in, newest, since_of_mode, versions
from conformance.suite import ASPECTS, asked_in, digest_of

_ABOUT = """# Versions of the catalogue

Made from `conformance/catalogue/versions/`; do not edit (`mailflow-conformance pages docs`).

The catalogue grows. A gate that was green must not turn red because more is asked with the next update: with
`--conformance-catalogue=VERSION` only what existed in that version is staged and judged.

| version | what came | requirements | failure modes and controls | tests |
|---|---|---|---|---|
"""

_MORE = """
The numbers are those of all that is asked in a version, which has what the earlier ones have; tests are those that
are no fault schedules. The newest version is in the making: it grows until a newer one is begun, and without the
option all of it is asked. These are versions of the catalogue, and not of this package.

A test exists in a version if all of these do: its failure mode, one of the requirements that its aspect names, and
what its aspect reaches (which kinds of failure modes on which course). Of a test that compares several things, what
newer requirements ask does not count. A failure mode that is added under an old requirement changes no older version.

**What is frozen is what is asked, not how well we see.** Verdicts are made by the suite that runs. Where it saw
wrongly before, it is corrected for every version, and [CHANGELOG.md](../CHANGELOG.md) lists it under *Corrected
verdicts*. Fault schedules are drawn from what can be drawn today. A requirement that was split is judged in versions
from then on only. What a test relies on (its positive control) is staged as it is today.

The header of a report names the version and a digest of what it asks ([report.md](report.md)). Two suites with the
same digest ask the same: the same rows, the same failure modes, the same tests. It says nothing of profiles.

## Where it comes from

A requirement has `since` in its row. `conformance/catalogue/versions/` has a file for each version with the failure
modes that came with it, and what aspects reach since then. Versions 0.1 to 0.6 were taken from the history of this
repository: a failure mode belongs to the version whose requirements were the newest in the main line when it came, an
aspect that came together with its requirements to theirs. What they select today was compared with what was collected
in that history at the end of each: it is the same, test for test, but for 24 tests of the operator's half in 0.2 and
five in 0.5, whose rows say so and which were merged a little later.

Whoever adds something runs `mailflow-conformance catalogue --write conformance/catalogue/versions`, which takes down
in the newest file what no file lists; a test fails as long as that is not done, and another one if an older version
asks something else than before. To begin a version, add a file.
"""


def render() -> str:
    """Return the page."""
    return _ABOUT + "\n".join(_rows()) + "\n" + _MORE


def _rows() -> Iterator[str]:
    for name, version in versions().items():
        asked, modes, tests = counts(name)
        yield f"| {name} | {version.about} | {asked} | {modes} | {tests} |"


def counts(version: str) -> tuple[int, int, int]:
    """Return how many requirements, failure modes and tests a version has."""
    return (
        sum(is_in(row.since, version) for row in catalogue().values()),
        sum(is_in(since_of_mode(name), version) for name in ALL),
        sum(1 for _ in asked_in(version)),
    )


def reached() -> list[Reach]:
    """Return what the aspects of today judge, in the order of the suite; fault schedules are drawn, and a kind."""
    found: dict[Reach, None] = {}
    for each in ASPECTS:
        for scenario in each.scenarios():
            found[Reach(each.name, scenario.course, scenario.failure_mode.kind)] = None
        if Kind.SCHEDULE in each.kinds:
            found.update(dict.fromkeys(Reach(each.name, course, Kind.SCHEDULE) for course in each.courses))
    return list(found)


def unlisted() -> tuple[list[str], list[Reach]]:
    """Return the failure modes that no version lists, and what aspects reach without that a version does."""
    modes = {mode for version in versions().values() for mode in version.modes}
    reach = {each for version in versions().values() for each in version.reach}
    return [name for name in ALL if name not in modes], [each for each in reached() if each not in reach]


def with_new(version: Version) -> str:
    """Return the file of a version with what none lists added to it."""
    modes, reach = unlisted()
    lines = [
        f"# What catalogue {version.name} asked for the first time; "
        "written by `mailflow-conformance catalogue --write`.",
        f"about = {json.dumps(version.about)}",
        *_list("modes", sorted({*version.modes, *modes}, key=_place)),
        "# Aspect, course, kind of failure mode.",
        *_list("reach", sorted(map(str, {*version.reach, *reach}))),
    ]
    return "\n".join(lines) + "\n"


def _place(name: str) -> tuple[int, str]:
    order = list(ALL)
    return (order.index(name) if name in ALL else len(order), name)


def _list(key: str, names: Sequence[str]) -> Iterator[str]:
    yield f"{key} = ["
    yield from (f"    {json.dumps(name)}," for name in names)
    yield "]"


def main(
    arguments: Sequence[str] | None = None, *, prog: str = "python -m conformance.pages.versions"
) -> int:
    """List the versions, or take down what is new; return 0."""
    parser = argparse.ArgumentParser(prog=prog, description="Lists the versions of the catalogue.")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FOLDER",
        help="take down in the newest version's file in this folder what no version lists",
    )
    folder: Path | None = parser.parse_args(arguments).write
    if folder is not None:
        path = folder / f"{newest()}.toml"
        if not path.is_file():
            parser.error(f"--write={folder}: there is no {newest()}.toml in it")
        modes, reach = unlisted()
        path.write_text(with_new(versions()[newest()]), encoding="utf-8")
        print(f"{path}: {len(modes)} failure modes and {len(reach)} kinds that aspects reach were added")
        return 0
    for name, version in versions().items():
        asked, count, tests = counts(name)
        print(f"{name}  {asked:4} requirements  {count:4} failure modes  {tests:5} tests  {version.about}")
        print(f"     {digest_of(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
