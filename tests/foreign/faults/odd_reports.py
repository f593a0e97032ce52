"""Reports of an unusual form that the standards leave to the relay."""

from __future__ import annotations

import quopri
from typing import Any

from mutants.patching import patch
from mutants.reporting import parts_changed, send_report

from conformance.reference import dsn
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from foreign.change import oddity
from foreign.marker import marked

_INNER = b"==people=="
_FAILED = ("connection_refused.expires", "rejected_at_rcpt", "rejected_multi_line", "one_recipient_rejected")


@oddity(
    kind=5,
    permitted="RFC 3464 section 2: a report may tell of several recipients, and need not",
    scenarios=(
        *_FAILED,
        "plain_two_recipients",
        "too_many_recipients_552",
        "refused_in_two_ways",
        "mix_accepted_refused_deferred",
        "domains_refused_refused_refused",
    ),
)
def writes_a_report_for_each_recipient() -> None:
    """Writes a report of its own for each recipient that failed."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: dict[Recipient, Failure]) -> Any:
            told = [each for each in failures if each.wants_failure_report and message.sender]
            for recipient in told[:-1]:
                marked(message)
                content = await self._spool.content(message.queue_id)
                await send_report(self, message, content, {recipient: failures[recipient]})
            rest = {each: failure for each, failure in failures.items() if each not in told[:-1]}
            return await original(self, message, now, rest)

        return report

    patch(Relay, "_report", make)


def _people_read(change: Any) -> None:
    """Alter the part of reports that is for people."""

    def with_first(parts: list[bytes]) -> list[bytes]:
        first, *others = parts
        return [change(first), *others]

    def make(original: Any) -> Any:
        def build_dsn(message: Message, *others: Any, **more: Any) -> bytes:
            marked(message)
            return original(message, *others, **more)  # type: ignore[no-any-return]

        return build_dsn

    parts_changed(with_first)
    patch(dsn, "build_dsn", make)


@oddity(
    kind=5,
    permitted="RFC 6522 section 3: the part for people may have any type",
    scenarios=_FAILED,
)
def writes_reports_in_html_too() -> None:
    """Has the part for people in plain text and in HTML, to choose from."""

    def both(part: bytes) -> bytes:
        html = b"<!DOCTYPE html><title>Undeliverable</title><p>Your message was not delivered.</p>"
        return b"".join(
            (
                b'\r\nContent-Type: multipart/alternative; boundary="'
                + _INNER
                + b'"\r\n\r\n--'
                + _INNER
                + part,
                b"\r\n--" + _INNER + b"\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n" + html,
                b"\r\n--" + _INNER + b"--\r\n",
            )
        )

    _people_read(both)


@oddity(
    kind=5,
    permitted="RFC 6522 section 3: the part for people may be in any character set",
    scenarios=_FAILED,
)
def writes_reports_in_utf8() -> None:
    """Writes the part for people in UTF-8, encoded as quoted-printable, with a word that is not ASCII."""

    def in_utf8(part: bytes) -> bytes:
        head, end, body = part.partition(b"\r\n\r\n")
        head = head.replace(b"us-ascii", b"utf-8").replace(b"Encoding: 7bit", b"Encoding: quoted-printable")
        quoted = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        return head + end + b"Unzustellbar: Gr=C3=BC=C3=9Fe\r\n" + quoted

    _people_read(in_utf8)
