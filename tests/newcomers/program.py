"""`python program.py KIND serve --config FILE`: the reference relay as a relay of this kind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))

from newcomers import alterations as altered

KINDS: Mapping[str, tuple[Callable[[], None], ...]] = {
    "one_smart_host": (altered.takes_from_a_folder, altered.one_route_for_all, altered.log_without_codes),
    "only_mx": (altered.asks_for_ipv6_first, altered.greets_late),
    "queue_runner": (altered.runs_through_its_queue,),
}


def main() -> int:
    """Alter the relay of this process and run it."""
    from conformance.reference.cli import main as reference

    for alter in KINDS[sys.argv.pop(1)]:
        alter()
    return reference(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
