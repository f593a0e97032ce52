"""Groups of commands (RFC 2920): written at once, answered one by one.

aiosmtplib's protocol forgets what comes before it is asked for, since a server that speaks unasked is not to be
believed. As long as commands of a group wait for their replies these are kept, and no more than are due.
"""

from __future__ import annotations

import asyncio
from collections import deque

from aiosmtplib.errors import SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import MAX_RESPONSE_LENGTH, SMTPProtocol
from aiosmtplib.response import SMTPResponse


class GroupProtocol(SMTPProtocol):
    """aiosmtplib's protocol, with groups of commands.

    Attributes:
        due: How many replies to commands of a group were not read yet.
        unsent: Octets of ours that the network had not taken yet when the server last said something.
    """

    def __init__(self) -> None:
        super().__init__()
        self.due = 0
        self.unsent = 0
        self._kept: deque[SMTPResponse | SMTPResponseException] = deque()
        self._lost: Exception | None = None

    def write_group(self, lines: list[str]) -> None:
        """Write commands in one go; each is answered by a reply that must be read.

        Raises:
            SMTPServerDisconnected: The connection is gone.
        """
        self.due = len(lines)
        self.write("".join(f"{line}\r\n" for line in lines).encode())

    def data_received(self, data: bytes) -> None:
        """Keep the replies to a group; what else comes is the library's matter."""
        if isinstance(self.transport, asyncio.Transport):
            self.unsent = self.transport.get_write_buffer_size()
        if not self.due or self._response_waiter is None:
            super().data_received(data)
            return
        self._buffer.extend(data)
        if len(self._buffer) > MAX_RESPONSE_LENGTH:
            self._buffer.clear()
            self._hand_out(SMTPResponseException(-1, "Response too long"))
        while (reply := self._next_reply()) is not None:
            self._hand_out(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember how it ended: replies may be left to read."""
        self._lost = exc
        super().connection_lost(exc)

    async def read_response(self, timeout: float | None = None) -> SMTPResponse:
        """Return the next reply."""
        self.due = max(0, self.due - 1)
        if self._kept:
            reply = self._kept.popleft()
            if isinstance(reply, SMTPResponseException):
                raise reply
            return reply
        if self._response_waiter is None:
            raise SMTPServerDisconnected("Connection lost") from self._lost
        return await super().read_response(timeout)

    def _next_reply(self) -> SMTPResponse | SMTPResponseException | None:
        try:
            return self._read_response_from_buffer()
        except SMTPResponseException as error:
            del self._buffer[: self._buffer.find(b"\n") + 1]  # what follows may be in order
            return error

    def _hand_out(self, reply: SMTPResponse | SMTPResponseException) -> None:
        waiter = self._response_waiter
        assert waiter is not None
        if not self._response_pending or waiter.done():
            if len(self._kept) < self.due:
                self._kept.append(reply)
        elif isinstance(reply, SMTPResponseException):
            self._set_response_exception(waiter, reply)
        else:
            waiter.set_result(reply)
