"""A run in parts, put together again: the same verdicts, one report, the exit status of one run."""

import pytest
from user_shell import Ended

MODES = ("connection_refused", "dns_servfail")
RUN = " ".join([
    "pytest --target=adapters:NeverRetries --conformance-only=aspect:error_code --conformance-only=aspect:retried",
    *(f"--conformance-only=mode:{mode}" for mode in MODES),
])  # fmt: skip


@pytest.mark.user(
    f"{RUN} --conformance-shard=2/2 --conformance-report=part-b",
    f"{RUN} --conformance-shard=1/2 --conformance-report=part-a",
    "mailflow-conformance merge part-b part-a --into whole -- -q --conformance-html=whole.html",
)
def test_parts_are_judged_together(outcomes: list[Ended]) -> None:
    second, first, merged = outcomes
    parts = [second.verdicts_in("part-b"), first.verdicts_in("part-a")]
    assert all(parts), "each has something to do"
    assert not parts[0].keys() & parts[1].keys()
    whole = merged.verdicts_in("whole")
    # each part is red for what it saw; together they saw the same twice, as one run would have
    assert {name: verdict for part in parts for name, verdict in part.items()} == {
        name: "fail" if name.startswith("retried") else verdict for name, verdict in whole.items()
    }
    assert [whole[f"retried[{mode}]"] for mode in ("dns_servfail", "connection_refused")] == [
        "fail",
        "not_applicable",
    ]
    [left] = [row for row in merged.rows("verdict", "whole") if row.get("because")]
    assert left["because"] == "test_retried[dns_servfail]"
    assert set(merged.verdicts_in("whole")) == {
        f"{aspect}[{mode}]" for aspect in ("error_code", "retried") for mode in MODES
    }
    assert {outcome.status for outcome in outcomes} == {1}
    assert merged.text.count("F MUST") == 1
    page = (merged.folder / "whole.html").read_text(encoding="utf-8")
    assert '<td class="fail">' in page
    [footer] = merged.rows("footer", "whole")
    assert footer["verdicts"] == 4
    [header], [together] = first.rows("header", "part-a"), merged.rows("header", "whole")
    assert header["shard"] == {"number": 1, "count": 2, "tests": 4}
    # what no record tells is taken over: without it the two runs would differ, and no certificate could be had
    assert (together["day"], together["schedules"]) == (header["day"], header["schedules"])
    assert header["schedules"]
    # a control that nobody asked to judge is staged wherever it is relied on
    for part in ("part-a", "part-b"):
        assert "plain.healthy" in (merged.folder / part / "record-1-steady.jsonl").read_text(encoding="utf-8")


@pytest.mark.user("pytest --target=reference --conformance-only=mode:plain --conformance-shard=2/2")
def test_more_parts_than_failure_modes_are_refused(outcome: Ended) -> None:
    assert outcome.status == 4
    assert "--conformance-shard=2/2: of 1 failure modes nothing is left for it" in outcome.text


@pytest.mark.user("pytest --target=reference --conformance-shard=3/2")
def test_no_such_part(outcome: Ended) -> None:
    assert outcome.status == 4
    assert "--conformance-shard=3/2: K/N, the Kth of N parts, such as 2/4" in outcome.text


@pytest.mark.user("pytest --conformance-replay=nowhere --conformance-shard=1/2")
def test_records_are_not_divided(outcome: Ended) -> None:
    assert outcome.status == 4
    assert "what is staged is divided" in outcome.text
