"""Unusual ways to make an attempt that no RFC forbids."""

from __future__ import annotations

from typing import Any

from mutants.patching import patch

from conformance.reference.session import Session
from foreign.change import oddity
from foreign.marker import in_hand, marked


@oddity(
    kind=2,
    permitted="RFC 5321 section 4.1.1.10",
    scenarios=("plain", "stall_at_quit", "reply_421_at_quit", "greeting_421", "rejected_at_dot"),
)
def says_quit_and_does_not_wait() -> None:
    """Says QUIT and closes at once, without waiting for the reply."""

    def make(_: Any) -> Any:
        async def leave(self: Any) -> None:
            if self._protocol.transport is not None and not self._protocol.transport.is_closing():
                if in_hand() is not None:
                    marked()
                self._transport.write(b"QUIT\r\n")
            self._transport.close()

        return leave

    patch(Session, "_leave", make)
