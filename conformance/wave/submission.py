"""A submission that can stop anywhere: what happens at the final dot is the whole point of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal, Self

from conformance.evidence.inputs import CLIENT
from conformance.target import Address, Envelope
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.unusable import NotTaken
from fake_servers import Journal
from fake_servers.events import ClientReply, ClientSent

_PATIENCE = 40.0  # seconds for each reply; a relay on a crowded machine may have to start a process first


class Submission:
    """One SMTP transaction, a step at a time, with every step noted in the journal.

    Use it as an asynchronous context manager; leaving drops the connection.
    """

    def __init__(self, address: Address, envelope: Envelope, journal: Journal) -> None:
        self._address = address
        self._envelope = envelope
        self._journal = journal

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_PATIENCE):
                self._reader, self._writer = await asyncio.open_connection(*self._address)
        except (OSError, TimeoutError) as error:
            raise NotTaken(self._address, error) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()
        with suppress(ConnectionError):  # the relay was killed: that is what this is for
            await self._writer.wait_closed()

    async def send_content(self) -> None:
        """Say everything up to the final dot, which is left out.

        Raises:
            SubmissionRefused: The relay did not agree.
        """
        await self._expect("")
        await self._expect(f"EHLO {CLIENT}")
        await self._expect(f"MAIL FROM:<{self._envelope.sender}>")
        for recipient in self._envelope.recipients:
            await self._expect(f"RCPT TO:<{recipient}>")
        await self._expect("DATA")
        content = self._envelope.content.replace(b"\r\n.", b"\r\n..")  # no content of ours begins with a dot
        self._writer.write(content)
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise SubmissionRefused("the connection ended in the content") from error
        self._note_sent("content", len(content))

    def send_final_dot(self) -> None:
        """Send the final dot, and wait for nothing."""
        self._writer.write(b".\r\n")
        self._note_sent("final dot", 3)

    async def outcome(self) -> str:
        """Return the reply to the final dot; empty if the connection ended without one."""
        try:
            text = await self._reply()
        except SubmissionRefused:
            text = ""
        self._journal.note(ClientReply(sender=self._envelope.sender, text=text))
        return text

    async def _expect(self, command: str) -> None:
        if command:
            self._writer.write(command.encode("ascii") + b"\r\n")
        reply = await self._reply()
        if reply[:1] not in ("2", "3"):
            raise SubmissionRefused(f"{reply} (to {command or 'the connection'})")

    async def _reply(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    line = (await self._reader.readuntil(b"\r\n")).decode("utf-8", "replace").rstrip()
                    if line[3:4] != "-":
                        return line
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise SubmissionRefused("the connection ended") from error
        except (TimeoutError, asyncio.LimitOverrunError) as error:
            raise SubmissionRefused(f"no reply: {error!r}") from error

    def _note_sent(self, what: Literal["content", "final dot"], octets: int) -> None:
        self._journal.note(ClientSent(sender=self._envelope.sender, what=what, octets=octets))
