"""What becomes of a message that has the Message-ID of another one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference.dsn import header_section
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from mutants.mutant import fails, mutation
from mutants.patching import patch

_IN_TURN, _WAITING = "one_message_id_in_turn", "one_message_id_waiting"
_SCENARIOS = (_IN_TURN, _WAITING, "one_after_another", "several_some_refused")


def _drops(known: Callable[[Relay, set[str]], set[str]]) -> None:
    """Take a message and drop it if its Message-ID is known: by whom it was given, of which queue ids."""
    given: dict[bytes, set[str]] = {}

    def make(original: Any) -> Any:
        async def accept(self: Relay, message: Message, content: bytes) -> None:
            found = re.search(rb"(?im)^message-id:\s*(<[^>\r\n]*>)", header_section(content))
            if found is not None and message.sender:
                others = given.setdefault(found[1], set())
                if known(self, others):
                    return
                others.add(message.queue_id)
            await original(self, message, content)

        return accept

    patch(Relay, "accept", make)


@mutation(scenarios=_SCENARIOS, caught=(fails("each_message", "batch/delivered", _IN_TURN, _WAITING),))
def drops_a_message_id_that_it_has_seen() -> None:
    """Takes a message for one that it has had already, by its Message-ID, whoever it is for."""
    _drops(lambda _, others: others)


@mutation(scenarios=_SCENARIOS, caught=(fails("each_message", "batch/delivered", _WAITING),))
def drops_a_message_id_that_waits() -> None:
    """Takes a message for one that is in its queue, by its Message-ID, whoever it is for."""
    _drops(lambda relay, others: others & {message.queue_id for message, _ in relay.queue()})
