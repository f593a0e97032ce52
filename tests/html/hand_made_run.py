"""A run in which every field that somebody outside writes is some text, with verdicts of every kind."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from stories.results import Results
from stories.saved import Named
from stories.story import ASPECT, Story, good, waiting
from stories.wire import received, sent

from conformance.evidence.record import Fault, Trouble
from conformance.evidence.relays import Stopped
from conformance.html.page import page
from conformance.judging.waived import Misfit, with_waivers
from conformance.report.jsonl import rows_of
from conformance.report.took import Took
from conformance.waivers import Waiver, Waivers

NAMES = ("error_code", "error_detail", "destination_server", "recovers", "retried", "stays_queued")


def telling(text: str) -> Results:
    """A run with failures, something waived, something expected, errors and what broke, all told in that text."""
    story = waiting("greeting_421").look(2.5, text).says(2.0, text, code="451", status=text, destination=text)
    story.connects(3.9, received("ehlo", text), sent("ehlo", text))
    story.meets_fault(2.2).delivers(7.0)
    story.change(refusal=text)
    trouble = Trouble(at=1.0, fault=Fault.ADAPTER, message=text, hint=text, log=text)
    stopped = Stopped(at=2.0, seen=1.0, message=text, log=text, suspects=["plain.healthy"])
    record = story.record()
    judged = [(Named(ASPECT[name], story.scenario), story.judge(name, record=record)) for name in NAMES]
    broken = Story("greeting_554")
    broken.troubles.append(
        Trouble(at=1.0, fault=Fault.ADAPTER, message=text, scenario=broken.staged.scenario)
    )
    judged.append((Named(ASPECT["retried"], broken.scenario), broken.judge("retried")))
    test, failed = judged[0]
    rows = (_waiver(failed.requirement.id, text),)
    waived = Waivers(
        file=Path("waivers.toml"),
        lies=Path("waivers.toml"),
        catalogue="0.1.0",
        rows=rows,
        today=date(2026, 11, 29),
    )
    judged[0] = (test, with_waivers(failed, test.aspect, test.scenario, waived))
    misfit = Misfit(waiver=waived.rows[0], nodeid=test.nodeid, why=text)
    return Results(
        [record], judged, [trouble], [(stopped, [text])], waived, [misfit], {judged[2][0].nodeid: text}
    )


def in_order() -> Results:
    """A run in which what was judged holds, and some of it did not apply."""
    story = good("greeting_421")
    record = story.record()
    names = ("error_code", "recovers", "retried", "stays_queued", "survives")
    judged = [(Named(ASPECT[name], story.scenario), story.judge(name, record=record)) for name in names]
    return Results([record], judged)


def page_of(run: Any, interrupted: str = "") -> str:
    """The page of a run."""
    return page(rows_of(run, selected=len(run.judged), status=1, interrupted=interrupted, took=Took()))


def _waiver(requirement: str, text: str) -> Waiver:
    return Waiver(
        file=Path("waivers.toml"),
        number=1,
        verdict="fail",
        requirement=requirement,
        aspect="",
        failure_modes=("greeting_*",),
        modes=frozenset({"greeting_421"}),
        observed=("*",),
        reason=text,
        expires=date(2027, 1, 1),
        link=text,
    )
