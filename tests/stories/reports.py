"""Non-delivery reports written by hand: a plain one, and those of relays of two schools."""

from __future__ import annotations

from collections.abc import Callable

from conformance.evidence.record import Staged


def ndr(
    staged: Staged,
    *,
    action: str = "failed",
    status: str = "5.4.316",
    diagnostic: str = "smtp; 550 5.4.316 Message expired, connection refused",
    remote_mta: str = "",
) -> bytes:
    """Return a delivery status notification as a relay would send it."""
    lines = [
        "From: postmaster@relay.test",
        f"To: {staged.sender}",
        "Subject: Undeliverable",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=b"',
        "",
        "--=b",
        "Content-Type: text/plain",
        "",
        "It did not arrive.",
        "--=b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; relay.test",
        "",
        f"Final-Recipient: rfc822; {staged.recipient}",
        f"Action: {action}",
        f"Status: {status}",
        *([f"Diagnostic-Code: {diagnostic}"] if diagnostic else []),
        *([f"Remote-MTA: {remote_mta}"] if remote_mta else []),
        "",
        "--=b--",
        "",
    ]
    return "\r\n".join(lines).encode()


def postfix_like(staged: Staged, *, status: str = "4.4.1", more: str = "") -> bytes:
    """Return a report with plain text, one group for the recipient and the whole message."""
    return _crlf(
        f"""Received: by relay.test (Nobody, from userid 0)
	id 1234567890; Tue, 24 Nov 2026 15:00:00 +0000 (UTC)
From: MAILER-DAEMON@relay.test (Mail Delivery System)
To: {staged.sender}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="1234567890.1795532400/relay.test"
Content-Transfer-Encoding: 7bit

This is a MIME-encapsulated message.

--1234567890.1795532400/relay.test
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.test.

--1234567890.1795532400/relay.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test
X-Queue-ID: 1234567890
X-Sender: rfc822; {staged.sender}
Arrival-Date: Mon, 23 Nov 2026 15:00:00 +0000 (UTC)

Final-Recipient: rfc822; {staged.recipient}
Original-Recipient: rfc822;{staged.recipient}
Action: failed
Status: {status}
{more}Diagnostic-Code: X-Relay; connect to {staged.sites[0].name}[{staged.sites[0].host}]:25:
    Connection refused

--1234567890.1795532400/relay.test
Content-Description: Undelivered Message
Content-Type: message/rfc822

""",
        staged.content + b"\r\n",
        "--1234567890.1795532400/relay.test--\n",
    )


def postfix_like_with(new: bytes, instead_of: bytes) -> Callable[[Staged], bytes]:
    """Return a writer of such a report that has something else in one place."""

    def write(staged: Staged) -> bytes:
        report = postfix_like(staged)
        assert instead_of in report
        return report.replace(instead_of, new)

    return write


def exchange_like(staged: Staged, *, status: str = "5.4.316") -> bytes:
    """Return a report with text in two forms, encoded, and the header section only."""
    head = staged.content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    return _crlf(
        f"""From: Delivery <postmaster@relay.test>
To: <{staged.sender}>
Subject: Undeliverable: {staged.scenario}
MIME-Version: 1.0
Content-Type: multipart/report; report-type="delivery-status"; boundary="_outer_"

--_outer_
Content-Type: multipart/alternative; differences=Content-Type; boundary="_inner_"

--_inner_
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Delivery has failed to these recipients=3A

--_inner_
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<p>Delivery has failed.</p>

--_inner_--

--_outer_
Content-Type: message/delivery-status

Reporting-MTA: dns;relay.test
Received-From-MTA: dns;submitter.test
Arrival-Date: Mon, 23 Nov 2026 15:00:00 +0000

Original-Recipient: rfc822;{staged.recipient}
Final-Recipient: rfc822;{staged.recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp;550 {status} Message expired, connection refused
Last-Attempt-Date: Tue, 24 Nov 2026 16:00:01 +0100

--_outer_
Content-Type: text/rfc822-headers

""",
        head,
        "--_outer_--\n",
    )


def qmail_like(staged: Staged, *, said: str = "550 5.1.1 No such mailbox") -> bytes:
    """Return a bounce in plain text, with the message below (QSBMF)."""
    return _crlf(
        f"""From: MAILER-DAEMON@relay.test
To: {staged.sender}
Subject: failure notice

Hi. This is the qmail-send program at relay.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{staged.recipient}>:
{staged.sites[0].host} does not like recipient.
Remote host said: {said}
Giving up on {staged.sites[0].host}.

--- Below this line is a copy of the message.

""",
        staged.content,
        "",
    )


def delay_notice(staged: Staged, *, action: str = "delayed") -> bytes:
    """Return a notice of delay."""
    report = postfix_like(staged, more="Will-Retry-Until: Sat, 28 Nov 2026 15:00:00 +0000 (UTC)\n")
    return report.replace(b"Action: failed", f"Action: {action}".encode())


def _crlf(before: str, between: bytes, after: str) -> bytes:
    return before.replace("\n", "\r\n").encode() + between + after.replace("\n", "\r\n").encode()
