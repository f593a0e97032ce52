"""Recipients in several domains, and ways back: every pair is there, and what cannot be staged is refused."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest

from conformance.catalogue.connector import MxRouting
from conformance.catalogue.course import Course
from conformance.catalogue.destination import Host, ServerTls, Tcp
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.failure_modes.several_domains import OUTCOMES, covering
from conformance.catalogue.failure_modes.way_back import STAGES, WAYS
from conformance.catalogue.message import Elsewhere, Kind, Message
from conformance.catalogue.recipients import due, refusals
from conformance.catalogue.scenario import Scenario, unsuitable
from conformance.catalogue.section import Section
from conformance.catalogue.way_back import WayBack
from conformance.target import Capability, Outcome
from conformance.witness.connections import fault_played
from fake_servers import Reply, Rule, Stage

_BUSY = Host(rules=(Rule(Stage.RCPT, Reply(450, "4.2.1 Mailbox busy")),))
_APART = {
    "name": "mine",
    "section": Section.SEVERAL_DOMAINS,
    "staged": "It is odd.",
    "kind": Kind.MIXED,
    "message": Message(elsewhere=(Elsewhere(local="second", host=_BUSY),)),
    "witness": fault_played,
}
_BACK = {
    **_APART,
    "section": Section.WAY_BACK,
    "kind": Kind.REPORTED,
    "message": Message(),
    "way_back": WayBack(host=_BUSY),
}


def test_every_two_recipients_have_every_two_outcomes() -> None:
    rows = covering()
    for one, other in combinations(range(3), 2):
        assert {(row[one], row[other]) for row in rows} == set(product(OUTCOMES, OUTCOMES))
    staged = {
        tuple(due(mode).values())
        for mode in ALL.values()
        if len(mode.message.elsewhere) == len(rows[0]) - 1 and not mode.is_control
    }
    words = {"accepted": Outcome.DELIVERED, "deferred": Outcome.DEFERRED, "refused": Outcome.PERMANENT}
    assert staged == {tuple(words[each] for each in row) for row in rows}


def test_a_report_fares_badly_in_every_way_at_every_stage() -> None:
    backs = [mode.way_back for mode in ALL.values() if mode.way_back is not None]
    met = {(rule.stage, rule.action) for back in backs for rule in back.host.rules}
    assert met == {(stage, action) for stage in STAGES.values() for action, _ in WAYS.values()}
    assert {(back.refuses, back.is_whole) for back in backs} == {(True, False), (False, False), (False, True)}


def test_what_each_is_refused_with() -> None:
    mode = ALL["domains_refused_refused_refused"]
    assert [reply.code for reply in refusals(mode).values()] == [550, 554, 552]
    assert [*refusals(ALL["refused_in_two_ways"])] == ["recipient", "second"]
    assert [*refusals(ALL["domains_accepted_refused_accepted"])] == ["second"]
    assert refusals(ALL["refused_later"])["recipient"].code == 550


def test_a_control_has_as_many_domains() -> None:
    control = control_of(ALL["domains_refused_refused_refused"])
    assert control.name == "plain_three_recipients_in_three_domains"
    assert len(control.message.elsewhere) == 2


@pytest.mark.parametrize("name", ["domains_refused_refused_refused", "report_refused_at_dot"])
def test_who_has_one_route_is_not_asked(name: str) -> None:
    scenario = Scenario(failure_mode=ALL[name], course=Course.REPORTED)
    able = frozenset({*scenario.needs})
    assert Capability.MANY_CONNECTORS in able
    assert unsuitable(scenario, able, "loopback") == ""
    assert "one route" in unsuitable(scenario, able | {Capability.ONE_ROUTE}, "loopback")


def test_a_report_is_a_mode_of_its_own() -> None:
    deferred, refused = ALL["report_silent_at_rcpt"].as_report, ALL["report_refused_at_rcpt"].as_report
    assert deferred is not None
    assert refused is not None
    assert (deferred.kind, refused.kind) == (Kind.TRANSIENT, Kind.PERMANENT)
    assert deferred.waits_for_timeout
    assert ALL["plain"].as_report is None


@pytest.mark.parametrize("declared", [_APART, _BACK])
def test_what_goes_together_is_accepted(declared: dict[str, Any]) -> None:
    assert FailureMode(**declared).name == "mine"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({**_APART, "kind": Kind.PERMANENT}, "message.elsewhere with kind permanent"),
        ({**_APART, "routing": MxRouting()}, "message.elsewhere with MX routing"),
        (
            {**_APART, "message": Message(elsewhere=(Elsewhere(local="second", host=_BUSY),), backlog=1)},
            "message.elsewhere with message.backlog",
        ),
        ({**_BACK, "section": Section.QUIT, "kind": Kind.HARMLESS}, "way_back with kind harmless"),
        ({**_BACK, "way_back": WayBack(host=Host(tcp=Tcp.REFUSE))}, "way_back differs in more than"),
        ({**_BACK, "way_back": WayBack(host=Host(tls=ServerTls()))}, "way_back differs in more than"),
        (
            {**_APART, "message": Message(elsewhere=(Elsewhere(local="second"),))},
            "kind mixed without a rule",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(declared: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        FailureMode(**declared)
