"""What may stand in a declaration: one class for each table of the file, one attribute for each key.

A *template* is text in which `{{ ... }}` is replaced (`templates.py` has the names that can stand there); a *value* is
a number, or a template that is nothing but one `{{ ... }}`. A *pattern* is a regular expression with named groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from conformance.target import Capability

Command = list[str]
"""A program and its arguments, each a template; one that is a single `{{ ... }}` with a list becomes several words."""

Value = float | str
"""A number, or a template that makes one."""


class Means(StrEnum):
    """What a line of a log says."""

    DELIVERED = "delivered"  # the attempt ended so, for the recipients that the line names or its message has
    DEFERRED = "deferred"
    PERMANENT = "permanent"
    EXPIRED = "expired"
    RECIPIENT = "recipient"  # a message, by its `id`, has this recipient
    CAUSE = "cause"  # why the attempt will turn out as a later line says; its text is put before that line's
    NOTHING = "nothing"  # no attempt, though a later pattern would fit


class ClockWay(StrEnum):
    """How the relay's clock is moved."""

    LIBFAKETIME = "libfaketime"


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that is written before the relay is started.

    Attributes:
        template: The file beside the declaration that has its text; or a folder of them, for files of the same names
            (without `.j2`) below the path.
        text: Its text.
    """

    template: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Package:
    """Where the relay comes from: `mailflow-conformance unpack` puts it where it is found then.

    Attributes:
        debian: Its Debian packages; its version is that of the first.
        program: A file of theirs: where it is there, they are installed.
        npm: Its package of npm.
        version: The version of that.
    """

    debian: list[str] = field(default_factory=list)
    program: str = ""
    npm: str = ""
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class Version:
    """How the relay's version is found without `[package]`: outside the lab, with nothing running.

    Attributes:
        command: Prints it.
        pattern: Finds it in that, by a group `version`.
    """

    command: Command
    pattern: str = r"(?P<version>\d\S*)"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """When the relay is ready: once it greets at its port; or, where it has none, by its log.

    Attributes:
        log: A pattern that fits somewhere in the log (of `[log]`, or what it prints).
        within: Seconds.
    """

    log: str = ""
    within: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Submit:
    """How mail is handed over to a relay without a port: the message is its standard input.

    Attributes:
        command: May use `sender`, `recipients`, `notify`.
        temporary: Exit statuses that say that it would take the message later.
        line_ends: `lf` or `crlf`.
    """

    command: Command
    temporary: list[int] = field(default_factory=lambda: [75])
    line_ends: str = "lf"


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A second file of a message, which names recipients that are done.

    Attributes:
        ending: How the name of the message's own file ends.
        other: How the name of the second file ends instead.
        pattern: Has a group `done`.
    """

    ending: str
    other: str
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Queue:
    """How the queue is read: from what a command prints, or from files, each of one message.

    Attributes:
        command: Prints it.
        files: Patterns of file names as a shell has them, templates.
        patterns: Are looked for everywhere in the text. Groups: `sender` begins a message, `error` says why it waits,
            each `recipient` is an entry, `done` is a recipient that does not wait any more.
        null: How the null reverse-path may be written.
        until: A pattern: what follows where it fits first is not read.
        companion: A second file of each message.
    """

    command: Command = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    patterns: list[str]
    null: list[str] = field(default_factory=lambda: ["", "<>", "MAILER-DAEMON"])
    until: str = ""
    companion: Companion | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One kind of line in the log.

    Attributes:
        pattern: Must fit a whole line. Groups: `recipient`, or `recipients` (several, separated by commas
            or spaces), `text`, `code`, `status`, `destination`, `at` (ISO 8601 or a number), `id` (of the
            message), `part` (of its deliveries to several domains), `domain` (of the recipients of a part).
        means: What it says.
    """

    pattern: str
    means: Means


@dataclass(frozen=True, kw_only=True)
class Log:
    """How delivery attempts are read from a log.

    Attributes:
        file: Where it is; empty: what the relay prints.
        begins: A pattern with which all lines begin; each pattern of `lines` follows it.
        lines: The first whose pattern fits counts; a line that none fits says nothing.
        escaped: `json`: texts are strings of JSON, whose quotes are escaped.
    """

    file: str = ""
    begins: str = ""
    lines: list[Line]
    escaped: str = ""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How the relay's clock is moved.

    Attributes:
        way: With what.
        threads: Whether processes of the relay ask for the time from several threads.
    """

    way: ClockWay
    threads: bool = False


class Otherwise(StrEnum):
    """What is granted of the times that are not named."""

    AS_ASKED = "as_asked"
    WHOLE_SECONDS = "whole_seconds"  # rounded up, at least one


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What the relay grants of what it is asked for; see `conformance.target.Schedule`.

    Attributes:
        otherwise: What is granted of the times that are asked for and not named here; without it the interval, the
            longest interval and the lifetime must be named, and time-outs are granted as asked.
    """

    granularity: Value
    otherwise: Otherwise | None = None
    retry_interval: Value | None = None
    max_retry_interval: Value | None = None
    queue_lifetime: Value | None = None
    connect_timeout: Value | None = None
    command_timeout: Value | None = None
    dns_timeout: Value | None = None
    content_timeout: Value | None = None
    final_timeout: Value | None = None
    delivery_deadline: Value | None = None
    deadline_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder for the relay, below `work`, or with `[lab]` at any place below /etc, /run or /var.

    Attributes:
        path: Where.
        owner: A user of the relay.
        mode: Octal digits.
        spool: Whether mail is kept there, so that a disk that is full is this one.
        shows: A folder below `work` that is to be seen there; it is made.
    """

    path: str
    owner: str = "root"
    mode: str = "755"
    spool: bool = False
    shows: str = ""


@dataclass(frozen=True, kw_only=True)
class LabPlaces:
    """What a relay with fixed places, or users of its own, finds in the namespace lab, for itself alone.

    Attributes:
        users: Users of its own.
        syslog: Whether it writes to /dev/log; what it says there is in the file `{{ syslog }}`.
        trust: Whether the system is to trust the lab's authorities, for a relay without a setting.
        addresses: Whether a network device is to have the relay's address.
    """

    users: list[str] = field(default_factory=list)
    syslog: bool = False
    trust: bool = False
    addresses: bool = False


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A whole file.

    Attributes:
        name: As it appears in reports.
        capabilities: What it can be asked for. `ipv6` and `clock` are left out on a machine without them.
        start: The relay, in the foreground.
        beside: Further processes, started once it is ready.
        before: Commands that are run before the first start, to their end.
        flush: A command that has the relay look at its whole queue, its clock having been moved; it may go on.
        values: Names for templates, each a value or a list.
        files: Written before that, by their path, a template: below `work`, or with `[lab]` below /etc, /run or /var.
        folders: Made before that.
        environment: Variables besides PATH and LANG, each a template.
        path: Where the file was read.
    """

    name: str
    capabilities: list[Capability]
    start: Command = field(default_factory=list)
    beside: list[Command] = field(default_factory=list)
    before: list[Command] = field(default_factory=list)
    flush: Command = field(default_factory=list)
    values: dict[str, Value | list[Value]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    folders: list[Folder] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    package: Package | None = None
    version: Version | None = None
    lab: LabPlaces | None = None
    ready: Ready = field(default_factory=Ready)
    submit: Submit | None = None
    queue: Queue
    log: Log | None = None
    clock: Clock | None = None
    granted: Granted
    path: Path = Path()
