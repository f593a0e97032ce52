"""Forms of a report that nobody has to expect, and everybody may choose (RFC 3464, RFC 6522, RFC 2046)."""

from __future__ import annotations

import base64
import re
from datetime import timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

from mutants.mutant import mutation
from mutants.reporting import parts_changed, rewritten

_PROFILES = ("rfc", "eop-observed")
_SAYS = (
    "refused_quoted",
    "refused_plus",
    "refused_longest",
    "refused_idn",
    "refused_in_two_ways",
    "refused_later",
    "rejected_at_rcpt",
    "rejected_utf8",
    "refused_dsn_full",
    "refused_dsn_headers",
    "refused_dsn_success",
    "domains_refused_refused_refused",
    "connection_refused.expires",
)


@mutation(scenarios=_SAYS, profiles=_PROFILES)
def writes_to_people_in_their_language() -> None:
    """Writes subject and text of its reports in German, in UTF-8 and base64, as MAILER-DAEMON, and for no program."""

    def alter(report: bytes) -> bytes:
        report = re.sub(
            rb"(?m)^From: [^\r]*", b"From: MAILER-DAEMON@relay.test (Zustelldienst)", report, count=1
        )
        title = base64.b64encode("Unzustellbar: zurück an Sie".encode()).decode()
        report = re.sub(
            rb"(?m)^Subject: [^\r]*(?:\r\n[ \t][^\r]*)*",
            f"Subject: =?utf-8?b?{title}?=".encode(),
            report,
            count=1,
        )
        report = report.replace(
            b"Auto-Submitted: auto-replied", b"Auto-Submitted: auto-generated (failure)", 1
        )
        report = report.replace(
            b"\r\nContent-Language: en-US", b"\r\nContent-Language: de\r\nPrecedence: bulk", 1
        )
        return re.sub(rb"(?m)^(?:In-Reply-To|References): [^\r]*\r\n", b"", report, count=2)

    def change(parts: list[bytes]) -> list[bytes]:
        text = parts[0].partition(b"\r\n\r\n")[2].decode("ascii")
        text = f"Ihre Nachricht konnte nicht zugestellt werden. Gründe für die Empfänger:\r\n{text}"
        head = b"\r\nContent-type: TEXT/PLAIN; CHARSET=UTF-8\r\nContent-transfer-encoding: BASE64\r\n\r\n"
        lines = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
        return [head + lines, *parts[1:]]

    parts_changed(change)
    rewritten(alter)


@mutation(scenarios=_SAYS, profiles=_PROFILES)
def orders_its_fields_otherwise() -> None:
    """Writes the fields of each group backwards, with some of its own, dates of another zone and empty lines more."""
    zone = timezone(timedelta(hours=5, minutes=30))

    def change(part: bytes) -> bytes:
        _, _, fields = part.partition(b"\r\n\r\n")
        groups = []
        for group in fields.strip(b"\r\n").split(b"\r\n\r\n"):
            each = re.split(rb"\r\n(?![ \t])", group)
            each = [*reversed(each), b"X-Queue-Id: 4711", b"Final-Log-Id: 0815 (of this host)"]
            groups.append(b"\r\n".join(each))
        text = b"\r\n\r\n\r\n".join(groups)
        text = re.sub(
            rb"-Date: ([^\r]*)",
            lambda found: (
                b"-Date: "
                + format_datetime(parsedate_to_datetime(found[1].decode()).astimezone(zone)).encode()
            ),
            text,
        )
        return b"\r\ncontent-type:message/Delivery-Status\r\ncontent-description: what was met\r\n\r\n" + text

    parts_changed(lambda parts: [parts[0], change(parts[1]) + b"\r\n\r\n", *parts[2:]])


@mutation(scenarios=_SAYS, profiles=_PROFILES)
def declares_no_more_than_it_must() -> None:
    """Has parts without a head, a boundary without quotes, parameters in capitals, and text before the first part."""

    def change(parts: list[bytes]) -> list[bytes]:
        bare = b"\r\n\r\n" + parts[0].partition(b"\r\n\r\n")[2]
        rest = [re.sub(rb"\r\nContent-Transfer-Encoding: 7bit", b"", each, count=1) for each in parts[1:]]
        return [bare, *rest]

    parts_changed(change)
    rewritten(
        lambda report: re.sub(
            rb'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="([0-9a-f]+)"'
            rb"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n[^\r]*",
            rb"CONTENT-TYPE: Multipart/Report; BOUNDARY=\1;\r\n\tREPORT-TYPE=Delivery-Status"
            rb"\r\n\r\n-- \r\nThis is for who knows no parts.\r\n--",
            report,
            count=1,
        )
    )
