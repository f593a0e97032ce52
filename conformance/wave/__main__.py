"""`python -m conformance.wave --lab LAB PLAN RECORD`: the command line of a wave, and its guard.

The process started here only guards: it starts the real one (inside a namespace if the lab is one), and makes
sure that nothing survives it. It ends when the real one ends, when it gets a signal, or when its standard
input, a pipe that pytest holds, is closed; pytest cannot die without closing it. The plan is read when a line comes on
it: the process may have been started before it was known what it is to do (`session/ahead.py`).

Progress comes on standard output, one JSON object a line; empty lines are its heartbeat.

Exit status: 0 the record is complete, 3 the target cannot be run on this machine, 4 the wave broke (the last line of
output says why in both cases, for the disk with the log may be full), 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from conformance.lab import namespace
from conformance.wave.guard import below_a_guard_of_its_own, guard

if TYPE_CHECKING:
    from conformance.wave.reach import Reach
    from conformance.wave.record_file import RecordFile

EXIT_INSTALLATION = 3
EXIT_BROKEN = 4

# Python's collector of garbage looks when there are so many new objects, and at the older ones each fiftieth time. What
# a wave notes is no garbage before its end, and by default a tenth of its time went into looking.
_NEW_OBJECTS = 20_000
_TIMES = 50


def main(arguments: Sequence[str]) -> int:
    """Run or guard a wave; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m conformance.wave", description=__doc__.split("\n")[0])
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the plan to read (JSON)")
    parser.add_argument("record", type=Path, metavar="RECORD", help="the record to write (JSON lines)")
    parser.add_argument("--lab", required=True, metavar="LAB", help="the lab that the plan will name")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        return _inside(options.plan, options.record, parser.error)
    inside = command(options.plan, options.record, options.lab, inside=True)
    if options.lab == "namespace":
        # no signal but SIGKILL gets through to a namespace, and that ends all that is in it
        return guard([*namespace.prefix(), *inside], grace=0)
    return guard(inside)


def command(plan: Path, record: Path, lab: str, *, inside: bool = False) -> list[str]:
    """Return the command line that runs a wave with these very packages.

    The folder of the working directory is not imported from: it may hold a `conformance` of somebody else.
    """
    root = str(Path(__file__).parents[2])
    start = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); "
        "from conformance.wave.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    flags = ["--lab", lab, *(["--inside"] if inside else [])]
    return [sys.executable, "-P", "-c", start, root, *flags, str(plan), str(record)]


def _inside(plan_file: Path, path: Path, wrong: Callable[[str], NoReturn]) -> int:
    """Load everything, wait for the word, and run the wave; tell who reads no plan what is wrong with it."""
    gc.disable()
    import asyncio  # the guard, of which there is one for each wave, does without

    from conformance.evidence.record import unstructure
    from conformance.lab.addresses import NAMESPACE
    from conformance.targets import precedence
    from conformance.targets.resolve import UnknownTarget, resolve
    from conformance.wave import heartbeat
    from conformance.wave.plan import Plan
    from conformance.wave.record_file import RecordFile
    from conformance.wave.request import RELAY_NAME
    from conformance.wave.staging import run
    from conformance.wave.unusable import TargetUnusable

    if not _is_needed():
        return 0
    try:
        plan = Plan.read(plan_file)
    except (OSError, ValueError) as error:
        wrong(str(error))
    if plan.lab == NAMESPACE:
        from conformance.lab.addresses import in_namespace

        namespace.enter(hostname=RELAY_NAME, resolver=in_namespace().resolver.host)
        below_a_guard_of_its_own()
    precedence.go_ahead()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _TIMES, _TIMES)
    gc.enable()
    # every destination is a listening socket, and many systems allow a process 1024 of them unless it asks
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tell = _own_output()
    heartbeat.start(lambda: tell(None))

    def progress(done: int, total: int, left: list[str], seconds: float | None) -> None:
        tell({"done": done, "total": total, "open": left, "seconds": seconds})

    def lasting(scenarios: dict[str, float]) -> None:
        tell({"lasting": scenarios})

    def reaches(reach: Reach) -> None:
        tell({"reach": unstructure(reach)})

    try:
        target = resolve(plan.target, plan.import_path)
        record = RecordFile(path)
        asyncio.run(_until_terminated(run(plan, target, record.tell, progress, lasting, reaches), record))
    except TargetUnusable as trouble:
        tell({"installation": str(trouble), "hint": trouble.hint, "log": trouble.log})
        return EXIT_INSTALLATION
    except UnknownTarget as error:  # pytest found it, so its import depends on where it is made
        tell({"installation": f"the process of the wave cannot import it: {error}"})
        return EXIT_INSTALLATION
    except Exception as error:  # noqa: BLE001 (of whatever kind, it is told)
        with suppress(OSError):  # the log may be what cannot be written
            traceback.print_exc()
        tell({"broken": "; ".join(dict.fromkeys(_reasons(error)))})
        return EXIT_BROKEN
    return 0


def _is_needed() -> bool:
    """Wait for the line on standard input, and tell whether it came; whoever is started from here has no such input."""
    print(flush=True)  # as a beat: everything is loaded
    needed = bool(sys.stdin.readline())
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    return needed


def _reasons(error: BaseException) -> Iterator[str]:
    """Yield what a failure comes down to."""
    from conformance.wave.record_file import RecordUnwritable

    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _reasons(each)
    elif isinstance(error, RecordUnwritable):
        yield str(error)
    else:
        yield f"{type(error).__name__}: {error}"


async def _until_terminated(work: Coroutine[None, None, None], record: RecordFile) -> None:
    """Run, and unwind in good order on SIGTERM, or if the record cannot be written: the adapter stops its relay.

    Raises:
        RecordUnwritable: That was it.
    """
    import asyncio

    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    record.failed = lambda: loop.call_soon_threadsafe(task.cancel)
    try:
        await task
    finally:
        record.close()


def _own_output() -> Callable[[dict[str, object] | None], None]:
    """Keep standard output for progress; what adapters and relays print goes to standard error, the wave's log."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    turn = threading.Lock()

    def tell(what: dict[str, object] | None) -> None:
        with turn:
            output.write(("" if what is None else json.dumps(what)) + "\n")
            output.flush()

    return tell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
