"""Who brought a relay down, told from the records of several waves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.days import expired
from stories.story import good, waiting

from conformance.evidence.record import Record
from conformance.judging.survival import all_busy, all_stopped, unexplained

_SUSPECTS = ("greeting_421.healed", "close_at_mail.healed")


def _alone(record: Record) -> Record:
    return replace(record, header=replace(record.header, alone=True))


def _together() -> Record:
    return (
        waiting("greeting_421")
        .is_gone(4.0, "close_at_mail.healed", "plain.healthy", suspects=_SUSPECTS)
        .record()
    )


def test_a_suspect_whose_own_relay_was_gone_as_well_did_it() -> None:
    alone = _alone(waiting("close_at_mail").is_gone(3.0).record(good("greeting_421")))
    records = [_together(), alone]
    [(stopped, names)] = all_stopped(records)
    assert (stopped.suspects, names) == (list(_SUSPECTS), ["close_at_mail.healed"])
    assert unexplained(records) == []


@pytest.mark.parametrize(
    "later",
    [
        _alone(good("close_at_mail").record(good("greeting_421"))),
        _alone(waiting("close_at_dot").is_gone(3.0).record()),  # no suspect
        _alone(expired("close_at_mail").is_gone(3.0).record()),  # on another clock
        waiting("close_at_mail").is_gone(3.0, "plain.healthy").record(),  # not alone
    ],
)
def test_otherwise_only_the_group_is_known(later: Record) -> None:
    records = [_together(), later]
    assert unexplained(records)[0].suspects == list(_SUSPECTS)
    assert all_stopped(records)[0][1] == []


def test_where_each_has_a_relay_of_its_own_it_is_known_at_once() -> None:
    record = waiting("close_at_mail").is_gone(3.0).record()
    assert [names for _, names in all_stopped([record])] == [["close_at_mail.healed"]]
    assert unexplained([record]) == []


def test_who_did_it_where_nobody_else_was_is_told_once() -> None:
    """As a waiver has it staged; or as it was staged again."""
    alone = _alone(waiting("close_at_mail").is_gone(3.0).record(good("greeting_421")))
    assert [names for _, names in all_stopped([alone, alone])] == [["close_at_mail.healed"]]
    assert [names for _, names in all_stopped([_together(), alone])] == [["close_at_mail.healed"]]
    other = _alone(waiting("close_at_dot").is_gone(3.0).record())
    assert [names for _, names in all_stopped([_together(), other])] == [[], ["close_at_dot.healed"]]


def test_who_keeps_a_processor_busy_is_told_in_the_same_way() -> None:
    together = good("greeting_421").idles(1.0, 10.0, "close_at_mail.healed").record()
    [(idling, names)] = all_busy([together, _alone(good("close_at_mail").idles(1.0, 10.0).record())])
    assert (idling.cores, names) == (1.0, ["close_at_mail.healed"])
    assert [names for _, names in all_busy([together])] == [[]]
    assert all_busy([good("close_at_mail").idles(1.0, 10.0).record()]) == [], "a verdict says it"
    assert all_busy([good("greeting_421").idles(1.0, 5.0, "close_at_mail.healed").record()]) == []
