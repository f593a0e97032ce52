"""What a user may bring that is broken, what is said of it, and how the run ends: data for tests and for a page.

`docs/broken-adapters.md` is made from this; write it anew with `python tests/plugin/broken_page.py`. A new row is a
class in `broken_adapters.py`, or in a file that it imports from, and a `Broken` in one of the lists below.
"""

from __future__ import annotations

from dataclasses import dataclass

from user_shell import SELECTION

ADAPTER, RELAY = "the adapter", "the relay"

# More than two messages.
MORE = "(dns_nxdomain or connection_refused) and error_code"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One adapter or relay that is broken in one way.

    Attributes:
        name: Its class.
        does: What it does, for the page.
        fault: Whose fault is told.
        texts: What must be readable.
        status: The exit status of pytest.
        seconds: What the run takes on a machine that has nothing else to do, about.
        selection: What is selected with `-k`.
        options: What else is on the command line.
    """

    name: str
    does: str
    fault: str
    texts: tuple[str, ...]
    status: int = 3
    seconds: int = 10
    selection: str = SELECTION
    options: str = ""

    @property
    def line(self) -> str:
        """The command line."""
        return (
            f"pytest --target=adapters:{self.name} -k '{self.selection}' --conformance-report=rep {self.options}"
        ).strip()


ADAPTERS = [
    Broken(
        name="RunningRaises",
        does="`running()` raises before anything is started",
        fault=ADAPTER,
        texts=("RuntimeError: the author forgot something", "adapters.py"),
    ),
    Broken(
        name="RunningRaisesInside",
        does="`running()` raises while the relay is started",
        fault=ADAPTER,
        texts=("LookupError: no such relay",),
    ),
    Broken(
        name="RunningIsNoContextManager",
        does="`running()` returns a list",
        fault=ADAPTER,
        texts=("no context manager",),
    ),
    Broken(
        name="RunningIsACoroutine",
        does="`running()` is a coroutine without a decorator",
        fault=ADAPTER,
        texts=("decorate it with contextlib.asynccontextmanager",),
    ),
    Broken(
        name="QueueReturnsRubbish",
        does="`queue()` returns a text",
        fault=ADAPTER,
        texts=("queue() returned", "QueuedMessage"),
    ),
    Broken(
        name="QueueRaisesLater",
        does="`queue()` raises from the third call on",
        fault=ADAPTER,
        texts=("queue() raised KeyError: 'recipient'",),
    ),
    Broken(
        name="QueueExits",
        does="`queue()` calls `sys.exit()`",
        fault=ADAPTER,
        texts=("queue() raised RuntimeError: SystemExit('the author thought this was a program')",),
    ),
    Broken(
        name="EventsReturnRubbish",
        does="`events()` returns dictionaries",
        fault=ADAPTER,
        texts=("events() returned", "DeliveryEvent"),
    ),
    Broken(
        name="EventsStumble",
        does="`events()` raises a TypeError once, at lines that it will not read again",
        fault=ADAPTER,
        texts=("events() raised TypeError",),
    ),
    Broken(
        name="EventsClaimed",
        does="claims the capability `events` and has no such method",
        fault=ADAPTER,
        texts=("capability `events` is claimed", "no events()"),
    ),
    Broken(
        name="NoSchedule",
        does="`schedule` is a number",
        fault=ADAPTER,
        texts=("`schedule` is not a conformance.target.Schedule",),
    ),
    Broken(
        name="NoSubmission",
        does="`submission` is a host without a port",
        fault=ADAPTER,
        texts=("`submission` is 'localhost'",),
    ),
    Broken(
        name="NegativeInterval",
        does="grants a negative interval",
        fault=ADAPTER,
        texts=("`schedule.retry_interval` is -1.0 s",),
    ),
    Broken(
        name="ZeroInterval",
        does="grants an interval of nothing",
        fault=ADAPTER,
        texts=("`schedule.retry_interval` is 0.0 s",),
    ),
    Broken(
        name="NanInterval",
        does="grants an interval that is no number",
        fault=ADAPTER,
        texts=("`schedule.max_retry_interval` is nan",),
    ),
    Broken(
        name="TaskFails",
        does="a task that it left running in a `TaskGroup` fails",
        fault=ADAPTER,
        texts=("running() ended while its relay was in use: LookupError: the log has moved",),
    ),
    Broken(
        name="QueueHangs",
        does="`queue()` awaits what never comes",
        fault=ADAPTER,
        texts=("queue() did not return within 10 s", "hint: Give it a time-out of its own", "Event().wait()"),
        seconds=35,
    ),
    Broken(
        name="QueueBlocks",
        does="`queue()`, a plain method, never returns",
        fault=ADAPTER,
        texts=("queue() did not return within 10 s", "hint: Give it a time-out of its own"),
        seconds=35,
    ),
    Broken(
        name="QueueBlocksTheLoop",
        does="`queue()`, an `async` method, calls `time.sleep()` for an hour",
        fault=ADAPTER,
        texts=(
            "queue() did not return within 10 s; it stands at blocking_adapters.py, line ",
            ": time.sleep(_FOR_EVER)",
            "hint: Give it a time-out of its own. An `async` method that blocks",
        ),
        seconds=35,
        # which have no say: no test runs while a wave is staged
        options="--timeout=20 --session-timeout=60",
    ),
    Broken(
        name="HoldsTheInterpreter",
        does="`queue()` keeps the interpreter's lock from the third call on, so that no thread of ours runs",
        fault=ADAPTER,
        texts=(
            "the adapter held the interpreter for 30 s, so that nothing else could run; "
            "it stands at blocking_adapters.py, line ",
            " in before\n",
        ),
        seconds=45,
    ),
    Broken(
        name="PortNeverOpen",
        does="yields with a `submission` at which nobody listens",
        fault=RELAY,
        texts=("does not take mail at 127.1.0.25:1", "hint: running() may yield only once"),
    ),
]

RELAYS = [
    Broken(
        name="RefusesMail",
        does="refuses every message",
        fault=RELAY,
        texts=("did not accept the message", "554", "not from you"),
    ),
    Broken(
        name="ExitsAtStart",
        does="ends before it is ready",
        fault=RELAY,
        texts=("ended with exit status 1", "| fatal: no licence"),
    ),
    Broken(
        name="CrashesOnThirdMessage",
        does="ends when it is given its third message",
        fault=RELAY,
        texts=("| panic: index out of range",),
        selection=MORE,
    ),
    Broken(
        name="LeavesAtData",
        does="ends while its first message is handed to it; its queue can be read without it",
        fault=RELAY,
        texts=(
            "the relay left while a message was handed to it: ",
            "ended with exit status 66",
            "| panic: no room for content",
        ),
    ),
    Broken(
        name="WritesWithoutEnd",
        does="writes to its log without end",
        fault=RELAY,
        texts=(
            "the relay wrote more than 8 MiB to relay.log, so it was ended",
            "hint: The first and the last 1 MiB of the file are kept.",
            "| trying again trying again",
            "characters left out]",
        ),
    ),
]

# What the page has, heading by heading.
SECTIONS = {"Adapters": ADAPTERS, "Relays": RELAYS}
