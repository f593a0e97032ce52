"""The record: what a wave leaves behind, and all that a verdict is made from.

A file of JSON lines. The first is the header, the last the footer; a record without footer was *cut short*: its wave
did not come to its end. Between them, in the order in which they became known: journal events, listings of the queue,
delivery events and alerts of the relay, troubles, and each scenario when its window was closed (once more at the end
if it turns out that we were later than was known by then). Times are seconds on the journal's clock.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from cattrs.preconf.json import make_converter

from conformance.evidence import old_records
from conformance.evidence.inputs import Offer, OperatorAction
from conformance.evidence.json_lines import line_of
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.site import Site
from conformance.target import Alert, DeliveryEvent, QueuedMessage, Schedule
from fake_servers import Event
from fake_servers.addresses import known_as
from fake_servers.event_json import from_json, to_json

T = TypeVar("T")

_converter = make_converter()
_converter.register_unstructure_hook(bytes, lambda value: b64encode(value).decode("ascii"))
_converter.register_structure_hook(bytes, lambda value, _: b64decode(value, validate=True))
_converter.register_structure_hook(Event, lambda value, _: from_json(value))
_converter.register_unstructure_hook_func(
    lambda kind: isinstance(kind, type) and issubclass(kind, Event), to_json
)


@dataclass(frozen=True, kw_only=True)
class Header:
    """Under which conditions a wave ran.

    Attributes:
        suite: Version of this suite.
        target: Name of the target.
        target_module: Where its adapter came from, `package.module:Class`.
        capabilities: What the target was said to be capable of.
        lab: `loopback` or `namespace`.
        asked: The schedule and time-outs the relay was asked for, in seconds.
        platform: Operating system and Python.
        started: When the wave began, ISO 8601, UTC.
        timing: The clock: `steady`, `compressed`, `jumped`, `restarted`, `crashed`, `interrupted`, `operated`.
        slack: Seconds that everything may be late before the wave calls itself late.
        network: Addresses the fakes used: `resolver`, `submission`, `sink`.
        alert_messages: How many messages must have waited before an alert; 0: the relay was not asked for any.
        alert_age: How long they must have waited, in seconds.
        alone: Whether each scenario had a relay of its own although one serves many: to find out which of them it was.
        scenarios: What the wave was to stage; a record that was cut short has some of it only.
    """

    suite: str
    target: str
    target_module: str
    capabilities: list[str]
    lab: str
    asked: Schedule
    platform: str
    started: str
    slack: float
    timing: str = "steady"
    network: dict[str, str] = field(default_factory=dict)
    alert_messages: int = 0
    alert_age: float = 0.0
    alone: bool = False
    scenarios: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Staged:
    """One scenario as it was staged.

    Attributes:
        scenario: Identifier `failure_mode.course`.
        failure_mode: Name of the failure mode.
        course: Name of the course.
        domain: The recipient domain, this scenario's own.
        sender: Address of the sender, this scenario's own; the reverse-path, unless the course has the null one.
        author: Address in the From header, to which no report may go.
        recipient: Envelope recipient that is judged.
        others: Further recipients of the same message.
        sites: Its smart hosts.
        content: The message as submitted (base64 in the file).
        granted: The schedule and time-outs its relay granted.
        offered: When we began to hand the message over, so that the relay cannot have accepted it before.
        submitted: When the relay accepted the message; None if it never did.
        refusal: What the relay said instead of accepting.
        refused_for_now: Whether it said that it would take the same message later.
        dead_since: When the relay had accepted an earlier message to the same destination; None: there was none.
        null_path: Whether the message has the null reverse-path, on whatever course.
        way_back: The server to which what comes back goes, if the sender's domain has one of its own; None: it has not.
        way_back_mended: When what was wrong with that was taken away; None if it never was.
        unanswered: Whether it said nothing at all, but left while the message was handed over.
        not_played: Why it was not played on its relay, as that turned out to be once it was started; empty: it was.
        repaired: When the fault was taken away; None if it never was.
        reports_pass: When it was taken away for reports only, since the relay has no other way for them; None if never.
        unquiet: Whether it was taken away though an attempt may have been under way, because it never was quiet.
        closed: When the window closed.
        milestones: When the relay's clock had been moved to each stop, or a step of a schedule was armed, by name.
        ahead: How far the relay's clock was ahead of ours from each stop on, in seconds, by name; else as it says.
        lag: How late the wave's own event loop was at worst meanwhile, in seconds (`Evidence.lag` has the fakes' too).
        pressure: Share of the worst second in which somebody waited for a processor, but for those in which its relay
            is known to have been prompt.
        calm: Seconds before it closed for which nobody waited for a processor for more than two fifths of a moment.
        peace: Seconds in all, from the repair on if there was one, in which nobody waited for a processor.
        stretched: Whether this is a second staging with the window doubled, because the first was too late.
        alias_of: The name that the recipient domain is an alias (CNAME) of; empty: it is none.
        by_mx: Whether MX records stood in for the smart hosts that the failure mode declares.
        relay: Number of the relay instance that it was submitted to, counted from 1.
        offers: Where an operator is played, every message that was offered, the first of them the one above.
        operator_actions: What the operator did.
    """

    scenario: str
    failure_mode: str
    course: str
    domain: str
    sender: str
    author: str
    recipient: str
    sites: list[Site]
    content: bytes
    granted: Schedule
    others: list[str] = field(default_factory=list)
    offered: float | None = None
    submitted: float | None = None
    refusal: str = ""
    repaired: float | None = None
    reports_pass: float | None = None
    closed: float | None = None
    milestones: dict[str, float] = field(default_factory=dict)
    ahead: dict[str, float] = field(default_factory=dict)
    lag: float = 0.0
    pressure: float = 0.0
    stretched: bool = False
    relay: int = 1
    offers: list[Offer] = field(default_factory=list)
    operator_actions: list[OperatorAction] = field(default_factory=list)
    unquiet: bool = False
    refused_for_now: bool = False
    not_played: str = ""
    dead_since: float | None = None
    unanswered: bool = False
    null_path: bool = False
    way_back: Site | None = None
    way_back_mended: float | None = None
    alias_of: str = ""
    by_mx: bool = False
    calm: float = 0.0
    peace: float = 0.0

    @property
    def fault_ended(self) -> float | None:
        """When the fault was taken away, if only for reports; None if it never was."""
        moments = [moment for moment in (self.repaired, self.reports_pass) if moment is not None]
        return min(moments, default=None)


@dataclass(frozen=True, kw_only=True)
class QueueListing:
    """What one relay instance listed of its queue; `asked` and `at` bracket the moment (see `queue.py`)."""

    asked: float
    at: float
    waiting: list[QueuedMessage]
    relay: int = 1

    @cached_property
    def by_recipient(self) -> dict[str, list[QueuedMessage]]:
        """What waits, by recipient as it is known; worked out once for all who look for their own."""
        found: dict[str, list[QueuedMessage]] = {}
        for each in self.waiting:
            found.setdefault(known_as(each.recipient), []).append(each)
        return found


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A delivery event of the relay, and when the wave first read it."""

    read_at: float
    event: DeliveryEvent


@dataclass(frozen=True, kw_only=True)
class AlertListing:
    """All alerts that one relay instance told of at one moment; `asked` and `at` bracket that moment.

    Attributes:
        asked: When it was asked.
        at: When it had answered.
        epoch: `at` in seconds since the epoch, by this machine's clock.
        alerts: What it answered.
        relay: Number of the relay instance.
    """

    asked: float
    at: float
    epoch: float
    alerts: list[Alert]
    relay: int = 1


class Fault(StrEnum):
    """Whose fault an error is."""

    TARGET = "target"
    ADAPTER = "adapter"
    HARNESS = "harness"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that broke the wave or one scenario (all of them if `scenario` is empty)."""

    at: float
    fault: Fault
    message: str
    hint: str = ""
    log: str = ""
    scenario: str = ""


@dataclass(frozen=True, kw_only=True)
class Footer:
    """The end of a complete record.

    Attributes:
        lines: Lines of the record, this one included.
        seconds: How long the wave took.
        longest_window: The longest window of a scenario, in seconds.
        cpu_seconds: Processor time of the wave and its relays.
        relays_cpu_seconds: That of the relays alone, as far as they have been waited for; older records do not say it.
        pressure: Share of the time in which somebody on the machine waited for a processor, 0 to 1.
        peak_memory: Octets of memory that the wave and the largest of its relays' processes had at most.
        left_behind: Processes that were there when all relays had been stopped, by name and number.
    """

    lines: int
    seconds: float
    longest_window: float
    cpu_seconds: float
    relays_cpu_seconds: float = 0.0
    pressure: float = 0.0
    peak_memory: int = 0
    left_behind: list[str] = field(default_factory=list)


Entry = Header | Staged | Event | QueueListing | Reported | AlertListing | Trouble | Stopped | Idling | Footer
_TYPES = (Header, Staged, Event, QueueListing, Reported, AlertListing, Trouble, Stopped, Idling, Footer)


def _kind(type_: type[Any]) -> str:
    """Return the word by which a line of the file names the type of its entry: `queue_listing`."""
    if issubclass(type_, Event):
        return "event"  # of whatever kind: the entry itself says it
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type_.__name__).lower()


_KINDS: dict[str, type[Any]] = {_kind(each): each for each in _TYPES}


class RecordError(Exception):
    """A record cannot be read; the text names the file, the line and the reason."""


def to_line(entry: Entry) -> str:
    """Return an entry as one JSON line without line end."""
    data = to_json(entry) if isinstance(entry, Event) else _converter.unstructure(entry)
    return line_of(_kind(type(entry)), entry, data)


def from_line(line: str) -> Entry:
    """Return the entry of one line.

    Raises:
        ValueError: The line is no entry; of an event it says what is wrong with it.
    """
    try:
        row = old_records.in_new_words(json.loads(line))
        kind = _KINDS[row["kind"]]
        return _converter.structure(row["entry"], kind)  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError, ExceptionGroup) as error:
        raise ValueError(f"not an entry of a record: {error}") from error


def structure(data: object, kind: type[T]) -> T:
    """Build a dataclass from JSON data, by the record's conventions."""
    return _converter.structure(data, kind)


def unstructure(value: object) -> Any:
    """Turn a dataclass into JSON data, by the record's conventions."""
    return _converter.unstructure(value)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record in memory, complete and unchanging; `views` keeps what was once worked out from it."""

    header: Header
    staged: dict[str, Staged]
    events: list[Event]
    queue_listings: list[QueueListing]
    reported: list[Reported]
    troubles: list[Trouble]
    footer: Footer | None
    alert_listings: list[AlertListing] = field(default_factory=list)
    stopped: list[Stopped] = field(default_factory=list)
    idling: list[Idling] = field(default_factory=list)
    views: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_cut_short(self) -> bool:
        """Whether its wave did not come to its end; of records that do not say what was to be staged nobody knows."""
        return self.footer is None and bool(self.header.scenarios)

    def lacks(self, scenario: str) -> bool:
        """Tell whether the record was cut short before the window of a scenario was closed that was to be staged."""
        return self.is_cut_short and scenario in self.header.scenarios and scenario not in self.staged


def assemble(entries: Iterable[Entry], name: str) -> Record:
    """Build a record from its entries, the scenarios in the order of the plan; of what is told twice the last counts.

    Raises:
        RecordError: There is no header.
    """
    header: Header | None = None
    footer: Footer | None = None
    staged: dict[str, Staged] = {}
    lists: dict[type[Any], list[Any]] = {
        kind: [] for kind in (Event, QueueListing, Reported, AlertListing, Trouble, Stopped, Idling)
    }
    for entry in entries:
        if isinstance(entry, Header):
            header = entry
        elif isinstance(entry, Footer):
            footer = entry
        elif isinstance(entry, Staged):
            staged[entry.scenario] = entry
        else:
            lists[Event if isinstance(entry, Event) else type(entry)].append(entry)
    if header is None:
        raise RecordError(f"{name}: no header; this is not a record of a wave")
    places = {name: place for place, name in enumerate(header.scenarios)}
    return Record(
        header=header,
        staged=dict(sorted(staged.items(), key=lambda item: places.get(item[0], len(places)))),
        events=sorted(lists[Event], key=lambda event: event.at),
        queue_listings=lists[QueueListing],
        reported=lists[Reported],
        troubles=lists[Trouble],
        footer=footer,
        alert_listings=lists[AlertListing],
        stopped=lists[Stopped],
        idling=lists[Idling],
    )


def load(path: Path, known: Sequence[Entry] = (), octets: int = 0) -> Record:
    """Read a record from a file.

    Args:
        path: The file.
        known: What its first lines say, where they have been read already.
        octets: How long those are.

    Raises:
        RecordError: The file cannot be read or is not a record.
    """
    entries = [*known]
    try:
        with path.open("rb") as file:
            file.seek(octets)
            lines = file.read().decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            entries.append(from_line(line))
        except ValueError as error:
            if number == len(lines):
                break  # the wave was cut off while writing; the missing footer says so
            raise RecordError(f"{path}, line {len(known) + number}: {error}") from error
    return assemble(entries, str(path))
