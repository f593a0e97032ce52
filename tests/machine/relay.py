"""`python relay.py FOLDER serve --config FILE`: the reference relay with one machine-made change, or followed.

The file that is changed lies in a folder of its own, and is found before the one that it stands for.
"""

import resource
import sys
from pathlib import Path

# What a relay may use that goes round in circles: seconds of a processor, and octets of memory. One that serves all
# scenarios at once needs a tenth of it.
_MOST_SECONDS = 300
_MOST_OCTETS = 4 << 30

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from conformance import reference
    from machine.target import FOLLOWED

    folder = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_OCTETS, _MOST_OCTETS))
    if folder == FOLLOWED:
        from machine.follow import follow

        follow()
    else:
        if not Path(folder).is_dir():
            sys.exit(f"usage: relay.py FOLDER serve --config FILE; {folder!r} is none")
        reference.__path__.insert(0, folder)
    from conformance.reference.cli import main

    sys.exit(main())
