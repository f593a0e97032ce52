"""`python relay.py NAME serve --config FILE`: the reference relay with one sin."""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent


def module_of(name: str) -> str:
    """Return the module that a sin stands in; to import all of them costs as much as the relay itself."""
    for file in HERE.glob("sins_*.py"):
        if f"\ndef {name}()" in file.read_text(encoding="utf-8"):
            return f"{HERE.name}.{file.stem}"
    sys.exit(f"no sin is called {name!r}; usage: relay.py NAME serve --config FILE")


if __name__ == "__main__":
    sys.path.append(str(HERE.parent))
    from conformance.reference.cli import main
    from mutants.patching import SINS

    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    import_module(module_of(name))
    SINS[name]()
    sys.exit(main())
