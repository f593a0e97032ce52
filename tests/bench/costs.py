"""Writes what each scenario costs: `python -m bench.costs REPORT` in the folder tests.

REPORT is the folder of a report of a whole run against the reference relay. A test says when it is time: a failure mode
without a cost counts as what is usual.
"""

import sys
from pathlib import Path

from conformance.catalogue.course import Course
from conformance.evidence.record import load
from conformance.evidence.view import view_of
from conformance.session.shards import COSTS

HEAD = """\
# Events of each scenario, staged against the reference relay. Written by `python -m bench.costs`.
# What is drawn is left out: it is another one with each seed.

"""


def main(report: Path) -> None:
    costs: dict[str, int] = {}
    for path in sorted(report.glob("record-*.jsonl")):
        record = load(path)
        for staged in record.staged.values():
            if staged.stretched <= 1 and staged.course not in (Course.SCHEDULE, Course.REDUCED):
                costs.setdefault(staged.scenario, len(view_of(record, staged).events))
    rows = (f'"{name}" = {cost}\n' for name, cost in sorted(costs.items()))
    COSTS.write_text(HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
