"""Whose words an error text begins with."""

from __future__ import annotations

import pytest

from conformance.evidence.quoted import quotes

_NO_MAIL = "554 5.7.0 No mail today"
_TWO_LINES = "450-4.2.1 Mailbox busy\n450 4.2.1 Come back later"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (_NO_MAIL, _NO_MAIL),
        ("  554 5.7.0  no mail TODAY.", _NO_MAIL),
        ("554-5.7.0 No mail today", _NO_MAIL),
        ("554 5.7.0 No mail today (in reply to DATA)", _NO_MAIL),
        ("554 5.7.0 No mail tod", _NO_MAIL),
        ("450 4.2.1 Mailbox busy 450 4.2.1 Come back later", _TWO_LINES),
        ("450 4.2.1 Come back later", _TWO_LINES),
        ("554", "554 "),
        ("250-there is more", ""),
        ("354 Go ahead..", ""),
        ("2.1.5 OK", ""),
    ],
)
def test_what_the_server_said_is_the_servers(text: str, reply: str) -> None:
    assert quotes(text, [reply])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No mail today",
        "550 5.7.0 No mail today",  # another code than was said
        "554 5.7.1 No mail today",
        "554 No mail today",
        "5.7.0 No mail today",
        "554 5.7.0 Refused",  # other words
        "554 5.7.0",
        "554 5.7.0 No",
        "450 4.4.317 Cannot connect: 554 5.7.0 No mail today",
    ],
)
def test_what_it_did_not_say_is_the_relays(text: str) -> None:
    assert not quotes(text, [_NO_MAIL, "220 mx.test ESMTP"])
