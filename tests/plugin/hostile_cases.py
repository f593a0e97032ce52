"""What hostile relays do, what is said of it, and how the run ends: the last part of `broken_cases`.

A row is one act; acts that concern no scenario in particular are done in one run, all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

NOBODY, RELAY = "nobody", "the relay"

# One mode is attacked, the other is a bystander, beside the control of both.
VICTIM, BYSTANDER = "greeting_554", "connection_refused"

_ONLY = " ".join(
    f"--conformance-only={what}"
    for what in (f"mode:{VICTIM}", f"mode:{BYSTANDER}", "mode:plain", "aspect:retried", "aspect:delivered")
)


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One run of a hostile relay.

    Attributes:
        name: Its class.
        acts: What it does, for the page, one row each.
        fault: Whose fault is told.
        texts: What must be readable.
        unjudged: Which modes are not judged because of it.
        perhaps: Which are not judged either, if they were still under way.
        status: The exit status of pytest.
        seconds: What the run takes on a machine that has nothing else to do, about.
    """

    name: str
    acts: tuple[str, ...]
    fault: str
    texts: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    status: int = 3
    seconds: int = 12

    @property
    def line(self) -> str:
        """The command line."""
        return f"pytest --target=hostile_relays:{self.name} {_ONLY} --conformance-report=rep --basetemp=tmp"


HOSTILE = [
    Hostile(
        name="Babbles",
        acts=(
            "random octets, NULs, a line of megabytes and commands without end to the server of one mode, and to the "
            "sink: that mode is not judged, all others are",
        ),
        fault=RELAY,
        texts=("had more than 2000 commands on one connection",),
        unjudged=(VICTIM,),
    ),
    Hostile(
        name="Squats",
        acts=(
            "connections by the thousand to the server of one mode that say nothing or are reset: the same",
            "connections until the wave would have no descriptors left: the same",
        ),
        fault=RELAY,
        texts=("open connections", "the relay went beyond what a server bears"),
        unjudged=(VICTIM,),
    ),
    Hostile(
        name="Sneaks",
        acts=(
            "mail for nobody known, to where everybody's reports go; all modes are judged as without it, and so below",
            "thousands of questions for names that are none, of malformed messages and loops of compression",
            "SMTP and frames of 64 KiB of junk to the name server over TCP",
            "a process that leaves its group and its session, and goes on: it is named, and ended with the run",
            "its own work directory removed",
        ),
        fault=NOBODY,
        texts=(
            "more than 500 questions at once for names that are none",
            "left behind by the relay when it had been stopped, and ended: python",
        ),
        status=0,
    ),
    Hostile(
        name="Floods",
        acts=(
            "tens of thousands of questions a second, of which it takes no answer: whatever is under way then is not "
            "judged, whoever's it is",
        ),
        fault=RELAY,
        texts=(
            "questions had no answer, whoever's they were, while this scenario's window was open",
            "the relay went beyond what a server bears: more than 20000 questions at once",
        ),
        unjudged=(VICTIM, BYSTANDER),
        perhaps=("plain",),
    ),
    Hostile(
        name="Links",
        acts=("links, pipes and folders where its log and its events are read",),
        fault=RELAY,
        texts=("the log cannot be read: events.jsonl is a link that leads elsewhere, a pipe or a folder",),
        unjudged=(VICTIM, BYSTANDER, "plain"),
    ),
    Hostile(
        name="ListsWithoutEnd",
        acts=("a queue of a hundred thousand messages that nobody submitted",),
        fault=RELAY,
        texts=("the relay's queue has 100000 messages, more than 20000",),
        unjudged=(VICTIM, BYSTANDER, "plain"),
    ),
]
