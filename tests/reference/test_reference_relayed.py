"""The report that a message was relayed, and what of a message is beyond ASCII."""

from __future__ import annotations

import email
import sqlite3
from typing import Any

import pytest

from conformance.reference.dsn import final_recipient
from conformance.reference.message import Message, Recipient
from conformance.reference.relayed import tell_of_relaying
from conformance.reference.transaction import Delivered, mail_command, takes_utf8

CONTENT = b"Subject: hello\r\n\r\ntext\r\n"
UTF8 = "Subject: gr\u00fc\u00dfe\r\n\r\ntext\r\n".encode()


def _message(*recipients: Recipient, sender: str = "s@a.test") -> Message:
    return Message(sender=sender, accepted_at=0.0, recipients=list(recipients), envid="QQ", ret="HDRS")


def _recipient(notify: str, address: str = "r@b.test") -> Recipient:
    return Recipient(number=0, address=address, notify=notify, orcpt="rfc822;o+2Br@b.test")


async def _reports(message: Message, delivered: dict[Recipient, Delivered]) -> list[tuple[Message, bytes]]:
    found: list[tuple[Message, bytes]] = []

    async def load(_: str) -> bytes:
        return CONTENT

    async def accept(report: Message, content: bytes) -> None:
        found.append((report, content))

    await tell_of_relaying(message, delivered, load, accept, "relay.test", 10.0)
    return found


async def test_who_asked_for_it_is_told_of_those_whose_server_sends_no_reports() -> None:
    told, silent, asked_not = _recipient("SUCCESS"), _recipient("SUCCESS", "x@b.test"), _recipient("FAILURE")
    done = {
        told: Delivered("mx", "250 OK", reports=False),
        silent: Delivered("mx", "250 OK"),
        asked_not: Delivered("mx", "250 OK", reports=False),
    }
    [(report, content)] = await _reports(_message(told, silent, asked_not), done)
    assert (report.sender, report.recipients[0].address) == ("", "s@a.test")
    parsed: Any = email.message_from_bytes(content)
    of_message, *of_recipients = parsed.get_payload()[1].get_payload()
    assert of_message["Original-Envelope-Id"] == "QQ"
    [fields] = of_recipients
    assert fields["Action"] == "relayed"
    assert fields["Original-Recipient"] == "rfc822;o+r@b.test"


async def test_nobody_is_told_of_what_has_no_sender() -> None:
    told = _recipient("SUCCESS")
    assert not await _reports(_message(told, sender=""), {told: Delivered("mx", "250 OK", reports=False)})


async def test_a_spool_that_fails_costs_the_report_alone() -> None:
    told = _recipient("SUCCESS")

    async def load(_: str) -> bytes:
        return CONTENT

    async def accept(_: Message, __: bytes) -> None:
        raise sqlite3.OperationalError("disk full")

    done = {told: Delivered("mx", "250 OK", reports=False)}
    await tell_of_relaying(_message(told), done, load, accept, "relay.test", 10.0)


@pytest.mark.parametrize(
    ("content", "address", "international"),
    [(CONTENT, "r@b.test", False), (UTF8, "r@b.test", True), (CONTENT, "gr\u00fcn@b.test", True)],
)
def test_what_takes_smtputf8(content: bytes, address: str, international: bool) -> None:
    recipient = _recipient("", address)
    message = _message(recipient)
    assert takes_utf8(message, content, recipient, {"smtputf8": ""})
    assert takes_utf8(message, content, recipient, {}) is not international
    assert mail_command(message, content, {"smtputf8": ""}).endswith(" SMTPUTF8") is international
    assert "SMTPUTF8" not in mail_command(message, content, {})


def test_an_address_beyond_ascii_is_spelled_out() -> None:
    assert final_recipient(_recipient("")) == "rfc822;r@b.test"
    assert final_recipient(_recipient("", "gr\u00fcn@b.test")) == "utf-8;gr\\x{FC}n@b.test"
