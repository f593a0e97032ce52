"""A special message goes to the relay octet for octet, and what the relay says of it is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from conformance.catalogue.special import Special
from conformance.target import Address, Envelope
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.special import NotTakenHere, hand_over
from conformance.wave.unusable import TargetUnusable
from fake_servers import Journal
from fake_servers.events import ClientReply

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Address]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield Address(*server.sockets[0].getsockname()[:2])


class Relay:
    """A listener that keeps what it reads, and ends a message where it is told to."""

    def __init__(
        self,
        *,
        ends: bytes = b"\r\n.\r\n",
        ehlo: str = "250-relay\r\n250 8BITMIME",
        answer: str = "250 Taken",
    ) -> None:
        self.ends = ends
        self.ehlo = ehlo
        self.answer = answer
        self.commands: list[str] = []
        self.contents: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        while line := (await reader.readline()).decode():
            self.commands.append(line.strip())
            reply = "250 OK"
            if line.startswith("EHLO"):
                reply = self.ehlo
            elif line.startswith("DATA"):
                writer.write(b"354 Go on\r\n")
                try:
                    self.contents.append(await reader.readuntil(self.ends))
                except asyncio.IncompleteReadError:
                    return
                reply = self.answer
                if not reply:
                    return
            elif line.startswith("QUIT"):
                writer.write(b"221 Bye\r\n")
                return
            writer.write(reply.encode() + b"\r\n")


def envelope(content: bytes) -> Envelope:
    return Envelope(sender="s@sender.test", recipients=("r@a.test",), content=content)


async def submit(relay: Relay, content: bytes, special: Special) -> tuple[bool, list[str]]:
    journal, accepted = Journal(), []
    async with listening(relay) as address:
        try:
            await hand_over(address, envelope(content), special, journal, lambda: accepted.append(True))
        finally:
            said = [event.text for event in journal if isinstance(event, ClientReply)]
    return bool(accepted), said


async def test_dots_are_doubled_and_nothing_else_changes() -> None:
    relay = Relay()
    assert await submit(relay, b"A: b\r\n\r\n.\r\n..\r\nc \r\n", Special(body=b"")) == (True, [])
    assert relay.contents == [b"A: b\r\n\r\n..\r\n...\r\nc \r\n.\r\n"]
    assert relay.commands == [
        "EHLO submitter.test",
        "MAIL FROM:<s@sender.test>",
        "RCPT TO:<r@a.test>",
        "DATA",
        "QUIT",
    ]


async def test_what_is_verbatim_is_not_touched() -> None:
    relay = Relay()
    content = b"A: b\r\n\r\nc\n.\nMAIL FROM:<x@y.test>\r\n"
    assert await submit(relay, content, Special(forged_end=(b"\n", b"\n"))) == (True, [])
    assert relay.contents == [content + b".\r\n"]


async def test_a_relay_that_takes_the_text_for_commands_is_heard() -> None:
    relay = Relay(ends=b"\n.\n")
    content = b"A: b\r\n\r\nc\n.\nMAIL FROM:<x@y.test>\r\n"
    accepted, said = await submit(relay, content, Special(forged_end=(b"\n", b"\n")))
    assert accepted
    assert "250 OK" in said
    assert "MAIL FROM:<x@y.test>" in relay.commands


async def test_eight_bit_text_is_announced() -> None:
    relay = Relay()
    await submit(relay, "A: b\r\n\r\n\u00fc\r\n".encode(), Special(body=b"", eight_bit=True))
    assert "MAIL FROM:<s@sender.test> BODY=8BITMIME" in relay.commands


async def test_and_not_given_to_a_listener_that_does_not_offer_to_take_it() -> None:
    with pytest.raises(NotTakenHere, match="8BITMIME"):
        await submit(Relay(ehlo="250 relay"), b"A: b\r\n\r\n", Special(body=b"", eight_bit=True))


@pytest.mark.parametrize(("answer", "temporary"), [("550 5.6.11 No", False), ("451 Later", True)])
async def test_a_refusal_is_one_by_its_reply(answer: str, temporary: bool) -> None:
    with pytest.raises(SubmissionRefused, match=answer) as caught:
        await submit(Relay(answer=answer), b"A: b\r\n\r\n", Special(body=b""))
    assert (caught.value.at, caught.value.temporary, caught.value.unanswered) == ("DATA", temporary, False)


async def test_who_leaves_without_an_answer_has_not_refused() -> None:
    with pytest.raises(SubmissionRefused, match="without a reply") as caught:
        await submit(Relay(answer=""), b"A: b\r\n\r\n", Special(body=b""))
    assert caught.value.unanswered


async def test_nobody_there_is_no_refusal() -> None:
    async with listening(Relay()) as address:
        pass
    with pytest.raises(TargetUnusable, match="does not take mail"):
        await hand_over(address, envelope(b""), Special(body=b""), Journal(), lambda: None)
