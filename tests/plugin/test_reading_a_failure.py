"""docs/reading-a-failure.md is walked through, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from user_shell import Ended

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reading-a-failure.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def _relay(*, mended: bool) -> dict[str, str]:
    """Return the relay and its adapter, changed as the page says or not."""
    files = {
        name: (ROOT / "tests" / "relays" / name).read_text(encoding="utf-8")
        for name in ("naive.py", "naive_relay.py")
    }
    if mended:
        wrong, right = _blocks("python")
        assert files["naive_relay.py"].count(wrong) == 1
        files["naive_relay.py"] = files["naive_relay.py"].replace(wrong, right)
    return files


COMMAND = f"{_blocks('console')[0].removeprefix('$ ').strip()} --conformance-report=rep"


@pytest.mark.user(COMMAND, files=_relay(mended=False))
def test_the_relay_as_it_is_fails_with_what_the_page_shows(outcome: Ended) -> None:
    assert outcome.status == 1
    flat = re.sub(r"#\d+ ", "", " ".join(outcome.text.split()))
    for shown in "\n".join(_blocks("text")).splitlines():
        assert " ".join(re.sub(r"#\d+ ", "", shown).split()) in flat, shown
    failed = [name for name, verdict in outcome.verdicts.items() if verdict == "fail"]
    assert failed == ["stays_queued[greeting_554]"]
    rows = {f"{row['aspect']}[{row['failure_mode']}]": row for row in outcome.rows("verdict")}
    assert rows["stays_queued[greeting_554]"]["broken"] == ["queue/not-lost"]
    assert rows["recovers[greeting_554]"]["because"] == "test_stays_queued[greeting_554]"


@pytest.mark.user(COMMAND, files=_relay(mended=True))
def test_mended_as_the_page_says_it_passes(outcome: Ended) -> None:
    assert "fail" not in outcome.verdicts.values(), outcome.text
    assert outcome.verdicts["stays_queued[greeting_554]"] == "pass"
    assert outcome.verdicts["recovers[greeting_554]"] == "pass"
    assert "queue/not-lost" not in outcome.text
