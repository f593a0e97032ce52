"""Fields and parts of reports as RFC 3464 and RFC 6522 leave them to whoever writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference.dsn import build_dsn
from conformance.reference.errors import Failure
from conformance.reference.message import Message, State
from conformance.reference.relay import Relay
from mutants.mutant import mutation
from mutants.patching import patch
from mutants.reporting import parts_changed
from mutants.shared import misread

_BOTH = ("rfc",)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_REPORTED = ("connection_refused.expires", "rejected_at_rcpt", "refused_quoted", "refused_dsn_headers")
_MIXES = ("mix_deferred_accepted_refused", "mix_accepted_refused_deferred", "one_recipient_rejected")

Change = Callable[[bytes], bytes]


def _part_changed(number: int, change: Change) -> None:
    """Alter a part of every report, its head included."""

    def alter(parts: list[bytes]) -> list[bytes]:
        return [change(part) if at == number else part for at, part in enumerate(parts)]

    parts_changed(alter)


def _fields_changed(change: Change) -> None:
    """Alter the fields for programs of every report."""

    def alter(part: bytes) -> bytes:
        head, empty, fields = part.partition(b"\r\n\r\n")
        return head + empty + change(fields)

    _part_changed(1, alter)


@mutation(scenarios=_REPORTED, profiles=_BOTH)
def folds_all_its_fields() -> None:
    """Folds the fields of its reports behind the type and in comments, and writes their names in small letters."""

    def change(fields: bytes) -> bytes:
        fields = re.sub(rb"(?m)^(Status: [\d.]+)", rb"\1 (what was\r\n met last)", fields)
        fields = re.sub(rb"(?m)^(Action: \w+)", rb"\1 (for good\r\n\tor not)", fields)
        fields = re.sub(rb"(?m)^([\w-]+: [\w-]+;) ?", rb"\1\r\n\t", fields)
        fields = re.sub(rb"(?m)^([\w-]+-Date: \w+,) ", rb"\1\r\n ", fields)
        return re.sub(rb"(?m)^[A-Z][\w-]+:", lambda name: name[0].lower(), fields)

    _fields_changed(change)


@mutation(scenarios=_REPORTED, profiles=_BOTH)
def has_comments_in_comments() -> None:
    """Writes comments into the fields of its reports, in front as well, and some with comments of their own."""

    def change(fields: bytes) -> bytes:
        fields = re.sub(
            rb"(?m)^Status: ([\d.]+)", rb"Status: (RFC 3463) \1 (met last (by this host))", fields
        )
        fields = re.sub(rb"(?m)^Action: (\w+)", rb"Action: (in the end) \1 (for good (or not))", fields)
        fields = re.sub(
            rb"(?m)^(Final-Recipient: \w[\w-]+;)([^\r]+)", rb"\1 (who (of several)) \2 (failed)", fields
        )
        return re.sub(rb"(?m)^(Re(?:porting|mote)-MTA: [^\r]+)", rb"\1 (a host (one of several))", fields)

    _fields_changed(change)


@mutation(scenarios=("refused_quoted", "refused_plus", "refused_longest"), profiles=_BOTH)
def writes_to_people_in_html_alone() -> None:
    """Writes to people in HTML and in nothing else, with marks inside of addresses, and names no charset."""

    def change(part: bytes) -> bytes:
        text = part.partition(b"\r\n\r\n")[2].decode("ascii")
        page = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        page = page.replace("@", "<wbr>&#64;").replace(".", ".<wbr/>").replace("\r\n", "<br />\r\n")
        return b"\r\nContent-Type: text/html\r\n\r\n<body><p>" + page.encode("ascii") + b"</p></body>\r\n"

    _part_changed(0, change)


@mutation(scenarios=_MIXES, profiles=_BOTH)
def tells_of_all_in_one_report() -> None:
    """Tells in the report about who failed of those who still wait, as delayed, in groups of their own."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            made = await original(self, message, now, failures)
            waiting = {
                each: each.failure
                for each in message.recipients
                if each not in failures and each.state is State.WAITING and each.failure is not None
            }
            if made is None or not waiting:
                return made
            told = {**failures, **waiting}
            content = await self._spool.content(message.queue_id)
            content = build_dsn(message, content, told, hostname=self._config.hostname, at=now)
            for each in waiting:
                content = re.sub(
                    rb"(Final-Recipient: rfc822;%b\r\n)Action: failed\r\nStatus: 5" % each.address.encode(),
                    rb"\1Action: delayed\r\nStatus: 4",
                    content,
                )
            return made[0], content

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=("reply_last_line_empty", "reply_last_line_empty.expires", "reply_multi_line"),
    profiles=("rfc", "eop-observed"),
)
def reads_the_status_in_the_last_line() -> None:
    """Takes the status of a reply from its last line, and x.0.0 where there is none in it."""

    def change(failure: Failure, code: int, text: str) -> Failure:
        found = _STATUS.match(text.rpartition("\n")[2])
        status = found[0] if found else f"{code // 100}.0.0"
        return replace(
            failure, status=status, text=f"{status} {_STATUS.sub('', failure.text, count=1).strip()}"
        )

    misread(change)
