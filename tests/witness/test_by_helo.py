"""A connection that a server closes upon EHLO, and a second one on which HELO is said: one attempt (RFC 1869 4.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import fault, received

from conformance.catalogue.failure_modes import ALL
from fake_servers.events import TcpClosed

_LOST = fault("close", "ehlo")


def attempts(*begun: tuple[float, str]) -> list[float]:
    """Return when attempts began that met the fault, of connections with such greetings, closed by the server."""
    story = Story("close_at_ehlo")
    for at, greeting in begun:
        story.connects(at, received("ehlo", f"{greeting} relay.test"), _LOST)
    story.events = [
        replace(each, by="server") if isinstance(each, TcpClosed) else each for each in story.events
    ]
    witness = ALL["close_at_ehlo"].witness
    return [each.at for each in witness.attempts(story.evidence())]


def test_helo_on_a_second_connection_belongs_to_the_attempt() -> None:
    assert attempts((1.0, "EHLO"), (1.2, "HELO"), (3.4, "EHLO"), (3.6, "HELO")) == [1.0, 3.4]


@pytest.mark.parametrize("greeting", ["EHLO", "HELO"])
def test_whoever_comes_back_once_more_tries_again(greeting: str) -> None:
    assert len(attempts((1.0, "EHLO"), (1.2, "HELO"), (1.4, greeting))) == 2


def test_ehlo_twice_is_two_attempts() -> None:
    assert attempts((1.0, "EHLO"), (1.2, "EHLO")) == [1.0, 1.2]


def test_helo_when_a_retry_is_due_is_one() -> None:
    assert attempts((1.0, "EHLO"), (3.2, "HELO")) == [1.0, 3.2]
