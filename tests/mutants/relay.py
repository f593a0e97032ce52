"""`python relay.py NAME serve --config FILE`: the reference relay with one sin."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from conformance.reference.cli import main
    from mutants.sins import SINS

    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in SINS:
        sys.exit(f"usage: relay.py NAME serve --config FILE; the names are {', '.join(SINS)}")
    SINS[name]()
    sys.exit(main())
