"""`python relay.py NAME serve --config FILE`: the reference relay with one foreign fault, or one oddity."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from conformance.reference.cli import main
    from foreign.faults import find
    from foreign.marker import note_what_is_tried

    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    try:
        find(name).mutate()
    except LookupError as error:
        sys.exit(f"usage: relay.py NAME serve --config FILE; {error}")
    note_what_is_tried()
    sys.exit(main())
