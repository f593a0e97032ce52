"""The alert about a smart host that is given by its address: named in whatever form."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from stories.operated import told, waits_for_alert

from conformance.judging.alert_told import destination
from conformance.judging.verdict import Verdict

_MODE = "literal_ipv6_greeting_421"
_HOST = "fd00::1:17"


@pytest.mark.parametrize(
    ("address", "server", "right"),
    [
        (_HOST, _HOST, True),
        (f"[{_HOST}]", f"[{_HOST}]:25", True),
        (f"[IPv6:{_HOST}]", "mx1.x.test.", True),
        ("FD00:0:0:0:0:0:1:0017", _HOST, True),
        ("fd00::1", _HOST, False),
        ("fd00::1:", _HOST, False),
        ("[", _HOST, False),
        ("", _HOST, False),
        (_HOST, "", False),
    ],
)
def test_all_of_the_address_in_whatever_form(address: str, server: str, *, right: bool) -> None:
    story = waits_for_alert(_MODE)
    site = replace(story.staged.sites[0], name="mx1.x.test", host=_HOST)
    case = SimpleNamespace(
        evidence=SimpleNamespace(staged=replace(story.staged, sites=[site])),
        finding=lambda slot, **compared: (slot, compared["holds"]),
    )
    alert = story.alert(last_address=address, destination_server=server)
    assert destination(cast("Any", case), "slot", alert) == ("slot", right)


def test_the_verdict_is_about_the_destination() -> None:
    for changes, verdict in (({}, Verdict.PASS), ({"last_address": "127.1"}, Verdict.DEVIATION)):
        story = waits_for_alert(_MODE)
        story.header = replace(story.header, lab="namespace")
        judged = told(story, story.alert(**changes)).judge("alert_address")
        assert (judged.verdict, judged.requirement.id) == (verdict, "alert/tells-destination"), judged.reason
