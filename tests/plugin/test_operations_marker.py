"""`-m operations`: what an operator sees and does, selected by a marker that belongs to nobody without a target."""

from __future__ import annotations

import pytest
from user_shell import Ended

STRICT = "[pytest]\naddopts = --strict-markers\nasyncio_default_fixture_loop_scope = function\n"
LISTED = "pytest --target=reference -m operations --co -q"
UNABLE = (
    "pytest --target=adapters:Unable -m operations -k 'not drains and not own_schedule' --conformance-report=rep",
    "pytest --target=reference -k fixed_now --co -q",
)
# It offers no more than what every adapter must.
ABLE_TO_NOTHING = """
from contextlib import contextmanager
from conformance.target import Capability, Schedule

class Unable:
    name = "unable"
    capabilities = frozenset({Capability.SMART_HOST, Capability.MANY_CONNECTORS, Capability.ANY_PORT})

    @contextmanager
    def running(self, config):
        yield Relay()

class Relay:
    schedule = Schedule(retry_interval=1, max_retry_interval=1, queue_lifetime=9, granularity=0)

    def submit(self, envelope):
        raise AssertionError("nothing applies")

    def queue(self):
        return []
"""


@pytest.mark.user(LISTED, files={"pytest.ini": STRICT})
def test_the_marker_is_known_and_selects_every_operated_scenario(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    listed = [line for line in outcome.text.splitlines() if "::" in line]
    assert len(listed) >= 24
    for aspect in (
        "alert_threshold",
        "alert_raised",
        "alert_detail",
        "alert_cleared",
        "alert_answered",
        "rejected_at_once",
        "stops_trying",
        "not_purged",
        "drains",
        "own_schedule",
        "edit_refused",
    ):
        assert any(f"test_{aspect}[" in line for line in listed)
    assert not any("error_code" in line for line in listed)


@pytest.mark.user(
    "pytest -q -p no:cacheprovider",
    "pytest -q -p no:cacheprovider -m operations",
    files={
        "pytest.ini": STRICT + "markers =\n    operations: our own\n",
        "test_ours.py": "import pytest\n\n@pytest.mark.operations\ndef test_ours(): pass\n",
    },
)
def test_without_a_target_the_marker_is_the_projects_own(outcomes: list[Ended]) -> None:
    for outcome in outcomes:
        assert outcome.status == 0, outcome.text
        assert "1 passed" in outcome.text


@pytest.mark.user(
    "pytest -q -p no:cacheprovider",
    files={
        "pytest.ini": STRICT,
        "test_ours.py": "import pytest\n\n@pytest.mark.operations\ndef test_ours(): pass\n",
    },
)
def test_without_a_target_there_is_no_such_marker(outcome: Ended) -> None:
    assert outcome.status == 2
    assert "'operations' not found in `markers`" in outcome.text


@pytest.mark.user(*UNABLE, files={"adapters.py": ABLE_TO_NOTHING})
def test_a_target_without_the_capabilities_is_told_what_each_would_take(outcomes: list[Ended]) -> None:
    outcome, selected = outcomes
    assert outcome.status == 5, outcome.text
    assert "46 not applicable" in outcome.text
    for lacking in (
        "alerts",
        "alerts, edit_connector",
        "accepted_domains, fix_now",
        "accepted_domains, edit_connector",
        "edit_connector",
    ):
        assert f"not applicable: the target is not capable of {lacking};" in outcome.text
    assert all("fixed_now" in line for line in selected.text.splitlines() if "::" in line)
    assert selected.status == 0
