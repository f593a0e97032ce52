"""Windows that take long are said in advance, once of each clock."""

from __future__ import annotations

from stories.staging import ASKED

from conformance.catalogue.course import Timing
from conformance.session.long_windows import LongWindows
from conformance.wave.plan import Plan


def plan(timing: Timing = Timing.STEADY) -> Plan:
    return Plan(target="x", import_path=[], lab="loopback", scenarios=[], asked=ASKED, timing=timing)


def test_several_are_said_in_one_line() -> None:
    said: list[str] = []
    LongWindows(said.append).tell(plan(), {"stall_at_body.healed": 630.0, "stall_at_dot.healed": 1230.0})
    assert said == [
        "steady: 2 windows of more than a minute, the longest about 20 min (stall_at_dot.healed), as the relay granted"
    ]


def test_it_is_said_again_only_of_what_takes_longer_and_of_each_clock() -> None:
    said: list[str] = []
    windows = LongWindows(said.append)
    windows.tell(plan(), {"stall_at_body.healed": 630.0})
    windows.tell(plan(), {"stall_at_mail.healed": 600.0})
    windows.tell(plan(), {"stall_at_dot.healed": 1230.0})
    windows.tell(plan(Timing.JUMPED), {"stall_at_dot.expires": 100.0})
    assert [line.partition(": ")[0] for line in said] == ["steady", "steady", "jumped"]
