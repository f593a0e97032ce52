"""Retries, expiry and the report, on a clock that is moved."""

from __future__ import annotations

import asyncio
import email
import email.policy
from typing import Any

import dns.rcode
import pytest
from flufl.bounce import all_failures
from reference_world import CONTENT, DEADLINE, MailServer, NameServer, RelayProcess, eventually

DAY = 86400.0


def move_clock(relay: RelayProcess, seconds: float) -> None:
    fresh = relay.folder / "offset.new"
    fresh.write_text(str(seconds))
    fresh.rename(relay.folder / "offset")


@pytest.fixture
async def movable(relay: RelayProcess, name_server: NameServer) -> RelayProcess:
    relay.options["clock_offset_file"] = str(relay.folder / "offset")
    relay.connectors.append({"domain": "dead.test", "smart_hosts": ["dead.host.test"]})
    name_server.records["dead.host.test", "A"] = dns.rcode.SERVFAIL
    await relay.start()
    return relay


def fields_of(report: bytes) -> tuple[Any, list[Any], Any]:
    """Return the human part, the groups of fields and the returned part."""
    message = email.message_from_bytes(report, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    human, machine, returned = message.iter_parts()
    return human, list(machine.get_payload()), returned


async def test_the_message_expires_at_24_hours_and_not_before(
    movable: RelayProcess, mail_server: MailServer
) -> None:
    await movable.submit("Bob@dead.test")
    await movable.event("deferred")
    move_clock(movable, DAY - 60)
    await movable.event("deferred", 2)
    [waiting] = await movable.ask("queue")
    assert waiting["expires_at"] - waiting["accepted_at"] == DAY
    move_clock(movable, DAY - 1)
    expired = await movable.event("expired")
    # not at the next attempt, which is due a minute after the last one
    assert 0 <= expired["at"] - waiting["expires_at"] < DEADLINE
    assert expired["text"].startswith(
        "550 5.4.312 Message expired, DNS query failed(ErrorRetry) [LastAttempted"
    )
    await movable.event("delivered")
    [(sender, recipients, report)] = mail_server.messages
    assert (sender, recipients) == ("", ["a@sender.test"])
    assert await movable.ask("queue") == []
    temporary, permanent = all_failures(email.message_from_bytes(report))
    assert (list(temporary), list(permanent)) == ([], [b"Bob@dead.test"])
    human, [about_message, about_recipient], returned = fields_of(report)
    assert "Message expired, DNS query failed(ErrorRetry)" in human.get_content()
    assert about_message["Reporting-MTA"] == "dns; relay.test"
    assert about_message["Arrival-Date"].endswith("+0000")
    assert about_recipient["Final-Recipient"] == "rfc822;Bob@dead.test"
    assert about_recipient["Action"] == "failed"
    assert about_recipient["Status"] == "5.4.312"
    assert about_recipient["Diagnostic-Code"] == "smtp;550 5.4.312 Message expired, DNS query failed"
    assert "Remote-MTA" not in about_recipient
    assert returned.get_content_type() == "message/rfc822"
    assert CONTENT in report
    headers = email.message_from_bytes(report)
    assert headers["To"] == "<a@sender.test>"
    assert headers["Subject"] == "Undeliverable: hello"
    assert headers["In-Reply-To"] == "<1@sender.test>"
    assert headers["Auto-Submitted"] == "auto-replied"


async def test_the_lifetime_survives_a_restart(movable: RelayProcess, mail_server: MailServer) -> None:
    await movable.submit("bob@dead.test")
    await movable.event("deferred")
    await movable.stop()
    move_clock(movable, DAY + 5)
    await movable.start()
    await movable.event("expired")
    assert len(movable.events("deferred")) == 1  # what is out of time is not tried again


async def test_an_attempt_that_hangs_at_expiry_is_called_off(
    movable: RelayProcess, mail_server: MailServer
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    mail_server.reactions["MAIL"] = hang
    await movable.stop()
    movable.options["timeouts.command"] = 3600
    await movable.start()
    await movable.submit("bob@a.test")
    await eventually(lambda: any(line.startswith("MAIL") for line in mail_server.lines))
    move_clock(movable, DAY + 5)
    event = await movable.event("expired")
    assert event["text"].startswith("550 5.4.300 Message expired [relay.test ")


async def test_several_recipients_share_one_report_and_notify_is_obeyed(
    movable: RelayProcess, mail_server: MailServer
) -> None:
    await movable.submit("one@dead.test", "two@dead.test", mail_options=["RET=HDRS", "ENVID=a+2Bb"])
    await movable.submit("never@dead.test", rcpt_options=["NOTIFY=NEVER"])
    await movable.submit("delay@dead.test", rcpt_options=["NOTIFY=DELAY,SUCCESS"])
    await movable.submit("null@dead.test", sender="")
    await movable.submit(
        "orcpt@dead.test", rcpt_options=["NOTIFY=FAILURE", "ORCPT=rfc822;Or+2BCPT@dead.test"]
    )
    await movable.event("deferred", 6)
    move_clock(movable, DAY + 5)
    await movable.event("expired", 6)
    await movable.event("delivered", 2)
    assert await movable.ask("queue") == []
    assert len(mail_server.messages) == 2
    [both] = [report for _, _, report in mail_server.messages if b"one@dead.test" in report]
    [other] = [report for _, _, report in mail_server.messages if b"orcpt@dead.test" in report]
    _, groups, returned = fields_of(both)
    assert groups[0]["Original-Envelope-Id"] == "a+b"
    assert [group["Final-Recipient"] for group in groups[1:]] == [
        "rfc822;one@dead.test",
        "rfc822;two@dead.test",
    ]
    assert returned.get_content_type() == "text/rfc822-headers"
    assert b"two\r\n" not in both.partition(b"rfc822-headers")[2]
    _, groups, _ = fields_of(other)
    assert groups[1]["Original-Recipient"] == "rfc822;Or+CPT@dead.test"


async def test_a_refusal_is_reported_at_once_in_the_remote_server_s_name(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    mail_server.reactions["RCPT bob@a.test"] = "550-5.1.1 no (such)\r\n550 5.1.1 user"
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("delivered")
    _, [_, about_recipient], _ = fields_of(mail_server.messages[0][2])
    assert about_recipient["Status"] == "5.1.1"
    assert about_recipient["Remote-MTA"] == "dns; [127.1.0.5]"
    assert about_recipient["Diagnostic-Code"] == "smtp;550 5.1.1 no (such) 5.1.1 user"


async def test_an_undeliverable_report_is_dropped(relay: RelayProcess, mail_server: MailServer) -> None:
    mail_server.reactions["RCPT"] = "550 5.1.1 nobody here"
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("permanent", 2)
    assert await relay.ask("queue") == []


async def test_gaps_are_counted_from_the_end_of_an_attempt(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    mail_server.reactions["CONNECT"] = hang
    relay.options |= {
        "schedule.retry_interval": 0.3,
        "schedule.max_retry_interval": 0.9,
        "schedule.quick_retries": 1,
        "schedule.queue_lifetime": 4.5,
        "timeouts.command": 0.5,
    }
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("deferred", 3)
    first, second, third = (event["at"] for event in relay.events("deferred")[:3])
    assert 0.8 <= second - first < 1.4
    assert 1.4 <= third - second < 2.8
    del mail_server.reactions["CONNECT"]
    await relay.event("delivered")
