"""A failure, and the text in which operators and senders get to see it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from .classify import CONDITIONS, Cause, Stage, classify

_LONGEST_TEXT = 2000  # characters of a remote reply that are worth keeping
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")
# C0 and C1 controls, DEL, and the separators at which some readers split lines
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why one recipient was not delivered.

    Attributes:
        code: The reply code, `450`.
        status: The enhanced status code, `4.4.316`; empty where a remote reply has none.
        text: The words after the codes, in one line; of a remote reply: all after the reply code.
        detail: What explains the failure.
        server: Name (or address literal) of the host tried last; of a failed look-up: the name looked up.
        address: `ip:port` tried last; empty where nothing was tried.
        remote: Whether the remote server itself said `code` and `text`.
    """

    code: str
    status: str
    text: str
    detail: str = ""
    server: str = ""
    address: str = ""
    remote: bool = False

    @property
    def permanent(self) -> bool:
        """Whether there is no point in trying again."""
        return self.code.startswith("5")

    @property
    def line(self) -> str:
        """The codes and the words, without anything in brackets."""
        if self.remote or not self.status:
            return f"{self.code} {self.text}".rstrip()
        return f"{self.code} {self.status} {self.text}"

    def to_json(self) -> dict[str, Any]:
        """Return the attributes for the spool."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Failure:
        """Make a failure from what `to_json` returned."""
        return cls(**data)


class SessionFailed(Exception):
    """The conversation with one server ended; recipients without an answer of their own share this fate.

    Attributes:
        stage: How far it had come.
        cause: What the far side did.
        detail: The explanation, one safe line.
    """

    def __init__(self, stage: Stage, cause: Cause, detail: str) -> None:
        super().__init__(f"{stage}: {cause}: {detail}")
        self.stage = stage
        self.cause = cause
        self.detail = detail


# What an unknown recipient of an authoritative domain gets, at RCPT or, queued already, in a report.
ACCESS_DENIED = Failure(code="550", status="5.4.1", text="Recipient address rejected: Access denied")


def deferral(stage: Stage, cause: Cause, detail: str, *, server: str, address: str = "") -> Failure:
    """Return the temporary failure that the source document prescribes."""
    condition = classify(stage, cause)
    return Failure(
        code="450",
        status=condition.status,
        text=condition.title,
        detail=safe_text(detail),
        server=server,
        address=address,
    )


def remote_failure(code: int, text: str, *, server: str, address: str) -> Failure:
    """Return the failure that a remote server reported, in its own words and never renumbered."""
    words = safe_text(text)
    found = _ENHANCED.match(words)
    status = f"{str(code)[0]}.{found[2]}.{found[3]}" if found else ""
    return Failure(code=str(code), status=status, text=words, server=server, address=address, remote=True)


def as_temporary(failure: Failure) -> Failure:
    """Read `552` as `452`: what an old server means by it is too many recipients (RFC 5321 4.5.3.1.10)."""
    return replace(failure, code="452")


def expired(failure: Failure | None) -> Failure:
    """Return the permanent failure that a message dies of when its time is up.

    The class digit turns from 4 to 5, subject and detail stay, and the title follows "Message expired, ". A
    reply of the remote server's own becomes `5.4.300` and is quoted.
    """
    if failure is None:
        return Failure(code="550", status="5.4.300", text="Message expired")
    condition = None if failure.remote else CONDITIONS.get(failure.status)
    if condition is None:
        text = f"Message expired -> {failure.line}"
        return replace(failure, code="550", status="5.4.300", text=text, detail="", remote=False)
    text = f"Message expired, {condition.expired_title}"
    return replace(failure, code="550", status=condition.expired_status, text=text)


def format_error(failure: Failure, *, hostname: str, at: float, session: str) -> str:
    """Return the full text of an error.

    `450 4.4.316 Connection refused [Message=...] [LastAttemptedServerName=...] [LastAttemptedIP=...] [host
    time session]`; what is not known is left out. Of a permanent failure the detail follows the title in
    parentheses instead.

    Args:
        failure: What happened.
        hostname: This relay's name.
        at: When, in seconds since the epoch.
        session: Sixteen hexadecimal digits that tell this attempt from others.
    """
    parts = [with_detail(failure) if failure.permanent else failure.line]
    if failure.detail and not failure.permanent:
        parts.append(f"[Message={failure.detail}]")
    if failure.server:
        parts.append(f"[LastAttemptedServerName={failure.server}]")
    if failure.address:
        parts.append(f"[LastAttemptedIP={failure.address}]")
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    parts.append(f"[{hostname} {moment}Z {session}]")
    return " ".join(parts)


def with_detail(failure: Failure) -> str:
    """Return the line with the detail in parentheses at its end, as returned messages quote it."""
    return f"{failure.line}({failure.detail})" if failure.detail else failure.line


def safe_text(text: str) -> str:
    """Return text from outside as one line that cannot break a log, a header or a JSON reader."""
    line = " ".join(part.strip() for part in re.split(r"[\r\n]+", text) if part.strip())
    readable = line.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    escaped = _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", readable)
    return escaped if len(escaped) <= _LONGEST_TEXT else escaped[:_LONGEST_TEXT] + "..."
