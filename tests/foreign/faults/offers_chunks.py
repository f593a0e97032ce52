"""What peers offer: messages in chunks (RFC 3030), and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mutants.patching import patch

from conformance.reference.classify import Stage
from conformance.reference.session import Reply, Session, stuff_dots
from foreign.change import fault
from foreign.marker import marked

_LARGE = 16_384  # octets, above which a message was seen to stall


def _in_chunks(form: Callable[[bytes], tuple[int, bytes]]) -> None:
    """Send a message by BDAT, in one chunk, where CHUNKING is offered.

    Args:
        form: Makes of a message how many octets are announced, and which are sent.
    """

    def without_data(original: Any) -> Any:
        def group(self: Any, lines: Sequence[str]) -> None:
            original(self, [line for line in lines if line != "DATA" or "chunking" not in self.extensions])

        return group

    def unasked(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            if line == "DATA" and "chunking" in self.extensions:
                return Reply(354, "a chunk needs no leave")
            reply: Reply = await original(self, stage, line)
            return reply

        return command

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            if "chunking" not in self.extensions:
                return await original(self, content)  # type: ignore[no-any-return]
            announced, octets = form(content)
            if (announced, octets) != (len(content), content):
                marked()
            self._protocol.due = 1
            self._transport.write(b"BDAT %d LAST\r\n" % announced + octets)
            answer = self._protocol.read_response(self._timeouts.data_done)
            return await self._read(Stage.BODY, answer)  # type: ignore[no-any-return]

        return send_body

    patch(Session, "group", without_data)
    patch(Session, "command", unasked)
    patch(Session, "send_body", make)


@fault(
    kind=3,
    reference="https://github.com/eclipse-ee4j/angus-mail/issues/209",
    reported="Angus Mail doubled the dots at the beginning of lines in chunks as well, where nobody takes them away "
    "again.",
    requirements=("content/unaltered",),
    first=("leading_dots",),
)
def doubles_dots_in_chunks() -> None:
    """Sends messages by BDAT where CHUNKING is offered, with the dots doubled that begin a line."""

    def stuffed(content: bytes) -> tuple[int, bytes]:
        octets = stuff_dots(content)
        return len(octets), octets

    _in_chunks(stuffed)


@fault(
    kind=3,
    reference="https://github.com/Progressiverobot/hmailserver/issues/261",
    reported="After an update that sent chunks, all but the smallest messages stalled until the receiving server "
    "timed out; without CHUNKING they went.",
    requirements=("harmless/delivered",),
    first=("offers_chunking",),
)
def announces_too_large_a_chunk() -> None:
    """Sends messages by BDAT where CHUNKING is offered, and of a large one an octet less than it announces."""
    _in_chunks(lambda content: (len(content) + (len(content) > _LARGE), content))
