"""What an operator changes while mail waits: accepted domains, connectors, Fix now."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import aiosmtplib
import pytest
from reference_world import CONTENT, HOST, MailServer, NameServer, RelayProcess, eventually

_GONE = "127.1.9.9"  # nobody listens there
_DENIED = "550 5.4.1 Recipient address rejected: Access denied"


@pytest.fixture
def relay(relay: RelayProcess) -> RelayProcess:
    """A relay whose connector for a.test leads nowhere."""
    relay.connectors[0]["smart_hosts"] = [_GONE]
    relay.accepted_domains = [{"domain": "a.test", "type": "internal_relay", "recipients": ["Bob@a.test"]}]
    return relay


async def refusal(relay: RelayProcess, recipient: str) -> str:
    """Return the reply with which RCPT refuses a recipient; empty: it does not."""
    try:
        await relay.submit(recipient)
    except aiosmtplib.SMTPResponseException as error:
        return f"{error.code} {error.message}"
    return ""


def told(relay: RelayProcess, recipient: str) -> list[tuple[str, str, str]]:
    """Return kind, text and destination of all events of a recipient."""
    return [
        (event["event"], event["text"].partition(" [")[0], event["destination"])
        for event in relay.events()
        if event["recipient"] == recipient
    ]


async def test_unknown_recipients_of_an_authoritative_domain_are_refused_at_rcpt(relay: RelayProcess) -> None:
    relay.accepted_domains[0]["type"] = "authoritative"
    relay.accepted_domains.append({"domain": "open.test", "type": "internal_relay", "recipients": []})
    await relay.start()
    assert await refusal(relay, "eve@a.test") == _DENIED
    assert await refusal(relay, "EVE@A.test.") == _DENIED
    assert await refusal(relay, "BOB@a.test") == ""
    assert await refusal(relay, "postmaster@a.test") == ""
    assert await refusal(relay, "eve@open.test") == ""
    assert await refusal(relay, "eve@elsewhere.test") == ""


async def test_fix_now_returns_the_unknown_and_delivers_the_known(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    await relay.start()
    await relay.submit("Bob@a.test", "eve@a.test")
    await relay.event("deferred", 2)
    answer = await relay.command("fix-now", "a.test")
    assert answer == '{"in_force": true}\n'
    await relay.event("delivered", 2)  # to Bob's mailbox, and the report
    assert told(relay, "Bob@a.test")[1:] == [("delivered", "250 2.1.5 Delivered to the mailbox", "local")]
    assert told(relay, "eve@a.test")[1:] == [("permanent", _DENIED, "")]
    assert await relay.ask("queue") == []
    [stored] = relay.mailbox("a.test", "bob")
    assert stored.startswith(b"Return-Path: <a@sender.test>\r\nReceived: from client.test ")
    assert stored.endswith(CONTENT)
    [(sender, recipients, report)] = mail_server.messages
    assert (sender, recipients) == ("", ["a@sender.test"])
    assert b"Final-Recipient: rfc822;eve@a.test" in report
    assert b"Status: 5.4.1\r\nDiagnostic-Code: smtp;" + _DENIED.encode() in report
    assert b"Bob@a.test" not in report
    # from now on, and after a crash too
    for stored_by_now in (2, 3):
        assert await refusal(relay, "eve@a.test") == _DENIED
        assert await refusal(relay, "bob@a.test") == ""
        await eventually(lambda number=stored_by_now: len(relay.mailbox("a.test", "bob")) == number)
        await relay.stop(signal.SIGKILL)
        await relay.start(configure=False)


async def test_fix_now_that_cannot_be_done_says_why(relay: RelayProcess) -> None:
    await relay.start()
    text = relay.config.read_text()
    reason = await relay.command("fix-now", "sender.test", status=2)
    assert "no accepted domain has the connector 'sender.test'" in reason
    assert reason.endswith("; nothing has changed\n")
    assert relay.config.read_text() == text


async def test_the_manual_way_does_the_same(relay: RelayProcess) -> None:
    await relay.start()
    await relay.submit("bob@a.test", "eve@a.test")
    await relay.event("deferred", 2)
    del relay.connectors[0]
    relay.accepted_domains[0]["type"] = "authoritative"
    assert await relay.reload() == {"in_force": True}
    await relay.event("delivered", 2)
    assert [kind for kind, *_ in told(relay, "bob@a.test")] == ["deferred", "delivered"]
    assert [kind for kind, *_ in told(relay, "eve@a.test")] == ["deferred", "permanent"]
    assert await refusal(relay, "eve@a.test") == _DENIED


async def test_without_its_connector_other_mail_follows_the_mx_records(
    relay: RelayProcess, name_server: NameServer, mail_server: MailServer
) -> None:
    relay.connectors += [
        {"domain": "partner.test", "smart_hosts": [_GONE]},
        {"domain": "own.test", "smart_hosts": [_GONE]},
    ]
    relay.accepted_domains.append({"domain": "own.test", "type": "internal_relay"})
    name_server.records |= {
        ("partner.test", "MX"): ["10 mx.partner.test."],
        ("mx.partner.test", "A"): [HOST],
        ("own.test", "MX"): ["10 relay.test."],  # a circle, as long as the domain is no authoritative one
    }
    await relay.start()
    await relay.submit("x@partner.test", "eve@own.test")
    await relay.event("deferred", 2)
    relay.connectors[2]["enabled"] = relay.connectors[3]["enabled"] = False
    await relay.reload()
    await relay.event("delivered", 2)
    assert told(relay, "x@partner.test")[1:] == [("delivered", "250 2.0.0 taken", "mx.partner.test")]
    [_, (kind, text, _)] = told(relay, "eve@own.test")
    assert (kind, text.partition("(")[0]) == ("permanent", "554 5.4.6 Routing loop detected")


async def test_a_corrected_smart_host_drains_the_queue_once_and_oldest_first(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    await relay.start()
    names = [f"r{number:02}@a.test" for number in range(30)]
    for name in names:
        await relay.submit(name)
    await relay.event("deferred", len(names))
    relay.connectors[0]["smart_hosts"] = [HOST]
    await relay.reload()
    await relay.event("delivered", len(names))
    senders_at = [line for line in mail_server.lines if line.startswith("RCPT")]
    asked = [line.partition("<")[2].partition(">")[0] for line in senders_at]
    assert sorted(asked) == names
    assert max(abs(asked.index(name) - place) for place, name in enumerate(names)) < 20  # sessions at a time
    assert sorted(recipient for _, [recipient], _ in mail_server.messages) == names


async def test_an_invalid_draft_changes_nothing_and_says_why(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    await relay.start()
    await relay.submit("bob@a.test")
    await relay.event("deferred")
    text = relay.config.read_text()
    relay.connectors[0]["smart_hosts"] = [HOST]
    relay.connectors[1]["tls"] = "always"
    relay.write_config(relay.folder / "draft.toml")
    reason = await relay.command("reload", "--draft", str(relay.folder / "draft.toml"), status=2)
    assert "draft.toml: key 'tls' in [[connector]] 2: 'always' is not valid; it must be one of opp" in reason
    assert relay.config.read_text() == text
    await relay.ask("flush")
    await relay.event("deferred", 2)
    assert mail_server.messages == []


async def test_an_attempt_on_the_old_way_is_called_off(
    relay: RelayProcess, name_server: NameServer, mail_server: MailServer
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    stuck = MailServer()
    stuck.reactions["RCPT"] = hang
    await stuck.start("127.1.0.6", mail_server.port)
    relay.connectors[0]["smart_hosts"] = ["127.1.0.6"]
    relay.options["timeouts.command"] = 3600
    await relay.start()
    for number in range(25):  # more than the sessions it may have
        await relay.submit(f"r{number}@a.test")
    await eventually(lambda: stuck.connections == 20)
    relay.connectors[0]["smart_hosts"] = [HOST]
    await relay.reload()
    await relay.event("delivered", 25)
    assert len(mail_server.messages) == 25
    assert stuck.connections == 20
    await stuck.stop()


@pytest.mark.parametrize("reply", ["250 2.0.0 taken late", "451 4.3.2 not now"])
async def test_of_a_message_that_is_being_handed_over_the_outcome_counts(
    relay: RelayProcess, mail_server: MailServer, reply: str
) -> None:
    taken, answer = asyncio.Event(), asyncio.Event()
    slow = MailServer()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await answer.wait()
        writer.write(f"{reply}\r\n".encode())

    slow.reactions["."] = take
    await slow.start("127.1.0.6", mail_server.port)
    relay.connectors[0]["smart_hosts"] = ["127.1.0.6"]
    relay.options["timeouts.command"] = 3600
    await relay.start()
    await relay.submit("bob@a.test")
    await taken.wait()
    relay.connectors[0]["smart_hosts"] = [HOST]
    await relay.reload()
    answer.set()
    event: dict[str, Any] = await relay.event("delivered")
    if reply.startswith("250"):
        assert event["text"] == reply
        assert mail_server.messages == []
    else:  # and is not waited for until its next retry
        assert event["attempt"] == 2
        assert len(mail_server.messages) == 1
    await slow.stop()
