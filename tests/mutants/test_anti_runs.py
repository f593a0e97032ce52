"""Runs in which nothing may pass: no fault is provoked, or the target only pretends."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import CLOCK_CONTROLS
from conformance.catalogue.section import Section
from conformance.judging.verdict import Verdict
from conformance.lab import namespace
from conformance.suite import ASPECTS

from .impostors import LACKING
from .waves import everything, judge_all, stage

pytestmark = pytest.mark.staged

_RUNS = {
    "disarmed": ("reference", True),
    "black hole": ("mutants.impostors:BlackHole", False),
    "black hole beside controls": ("mutants.impostors:HoleBesideControls", False),
    "parrot": ("mutants.impostors:Parrot", False),
    "parrot beside controls": ("mutants.impostors:ParrotBesideControls", False),
    "looking parrot": ("mutants.impostors:LookingParrot", False),
}


def _can_be_staged(mode):
    return not mode.lab or namespace.unavailable() is None


# Nothing is wrong with the destination: with a message that is not ordinary, with what any server offers under TLS,
# with a good certificate, whatever else there is about it, with two hosts of equal preference that both serve,
# with one message for several recipients, and with what goes to a server by another rule before.
_NOTHING_WRONG = {
    *(name for name, mode in ALL.items() if mode.kind is Kind.CONTENT),
    *(name for name, mode in ALL.items() if mode.section is Section.TLS_VERSIONS),
    *("offers_pipelining_under_tls", "certificate_of_alias", "certificate_of_mixed_case_host"),
    *("mx_equal_many", "one_message_id_in_turn", "rule_after_clear", "rule_after_unchecked"),
}
_MODES = [name for name, mode in ALL.items() if not mode.is_control and name not in _NOTHING_WRONG]
# what needs a lab that cannot be made here is not staged
_CONTROLS = [name for name, mode in ALL.items() if mode.is_control and _can_be_staged(mode)]

# Who looks a name up, or delivers, has met somebody who might have brought it down, is there, has said who it is, and
# goodbye.
_OF_THE_RELAY = (
    "survives",
    "tidy",
    "takes_leave",
    "leaves_refused",
    "introduces_itself",
    "leaves_trace",
    "declares_size",
)

# Who never tries needs no time to, and its windows are multiples of what it was asked for; but some servers take a
# second and a half for a reply, and are not played to who is asked for less.
_DAY = 10.0
_PACE = 0.8


def _asked_for(items):
    """Return the runs that tests of this module are about."""
    own = [item for item in items if item.path == Path(__file__)]
    return {item.callspec.params["name"] if hasattr(item, "callspec") else "looking parrot" for item in own}


@pytest.fixture(scope="module")
def verdicts(request, tmp_path_factory):
    """Stage everything in each way that is asked for, side by side, and return the verdicts by run."""
    folder = tmp_path_factory.mktemp("anti-runs")
    names = [name for name in _RUNS if name in _asked_for(request.session.items)]

    def run(name):
        target, disarmed = _RUNS[name]
        # beside controls that pass the same impostors are judged of everything there is
        alone = name in ("black hole", "parrot")
        records = stage(
            target,
            [each for each in everything() if each.failure_mode.is_control or not alone],
            folder / name.replace(" ", "-"),
            disarmed=disarmed,
            day=_DAY,
            pace=1.0 if disarmed else _PACE,
        )
        assert not any(record.troubles for record in records), [record.troubles for record in records]
        return list(judge_all(records, "eop", unstaged=True))

    # each stages everything there is: more of them at once would be late by themselves
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


def _passed(verdicts, modes):
    return [str(given) for given in verdicts if given.mode in modes and given.judged.verdict is Verdict.PASS]


@pytest.mark.parametrize("name", [name for name in _RUNS if name != "looking parrot"])
def test_no_failure_mode_passes_on_any_course(verdicts, name):
    judged = [given for given in verdicts[name] if given.mode in _MODES]
    every = [s.id for aspect in ASPECTS for s in aspect.scenarios() if s.failure_mode.name in _MODES]
    assert sorted(given.scenario.id for given in judged) == sorted(every)
    assert _passed(judged, _MODES) == []


def _not_taken(given):
    """What the listener of an impostor (aiosmtpd's, without DSN) does not offer cannot be asked of it."""
    return "listener does not offer DSN" in given.judged.reason


def _was_late(given):
    """On a busy machine nothing is known of some control."""
    judged = given.judged
    late = judged.evidence is not None and (judged.evidence.harness_was_late or judged.only_late)
    return judged.verdict is Verdict.INCONCLUSIVE and late


@pytest.mark.parametrize("name", ["disarmed", "black hole beside controls", "parrot beside controls"])
def test_controls_pass_so_that_only_the_missing_fault_is_left_to_tell(verdicts, name):
    lacking = set() if name == "disarmed" else LACKING
    given_pass = [given for given in verdicts[name] if given.judged.verdict is Verdict.PASS]
    passed = {given.mode for given in given_pass if given.aspect not in _OF_THE_RELAY} - _NOTHING_WRONG
    late = {given.mode for given in verdicts[name] if _was_late(given)}
    # an impostor never goes to the dead server that the backlog is for
    deliverable = set(_CONTROLS) - ({*CLOCK_CONTROLS, "beside_backlog"} if lacking else set())
    assert passed - late == deliverable - late
    for given in verdicts[name]:
        if given.mode in _MODES:
            mode = given.scenario.failure_mode
            unable = given.scenario.needs & lacking or not _can_be_staged(mode) or _not_taken(given)
            # what arrives without having met what may be missed is in order
            avoidable = bool(mode.avoidable_because) and name == "disarmed"
            expected = Verdict.NOT_APPLICABLE if unable or avoidable else Verdict.INCONCLUSIVE
            assert given.judged.verdict is expected, str(given)


@pytest.mark.parametrize("name", ["black hole", "parrot"])
def test_not_even_a_control_passes(verdicts, name):
    assert _passed(verdicts[name], _CONTROLS) == []


def test_look_ups_alone_pass_only_where_nothing_else_can_be_seen(verdicts):
    """In loopback a look-up is the only trace of a refused or unreachable connection; a packet watch sees more."""
    passed = [
        g
        for g in verdicts["looking parrot"]
        if g.mode in _MODES and g.judged.verdict is Verdict.PASS and g.aspect not in _OF_THE_RELAY
    ]
    sections = {g.mode for g in passed if ALL[g.mode].section != "4.4.312"}
    assert sections <= {"connection_refused", "wildcard_refused", "host_unreachable"}
    assert not [str(g) for g in passed if g.aspect in ("recovers", "expires", "one_ndr")]
