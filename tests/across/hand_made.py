"""Reports made by hand, of a few tests each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEADER: Mapping[str, Any] = {
    "kind": "header",
    "format": 1,
    "catalogue": "0.6",
    "suite_version": "0.1.0",
    "target": "mine",
    "target_version": "1.2",
    "capabilities": ["mx"],
    "profile": "rfc",
    "strict": False,
    "lab": "loopback",
    "started": "2026-11-28T10:00:00+00:00",
}

# The gravest first, as `standing.py` has them.
_ORDER = ("fail", "deviation", "error", "inconclusive", "waived", "pass", "not_judged", "not_applicable")


def node(name: str) -> str:
    """Return the node id of `aspect[failure_mode]`."""
    aspect = name.partition("[")[0]
    return f"conformance/suite/test_{aspect}.py::test_{name}"


def verdict(name: str, said: str, **more: Any) -> dict[str, Any]:
    """Return the row of a test; `not_judged` is what is masked."""
    aspect, _, mode = name.removesuffix("]").partition("[")
    masked = said == "not_judged"
    return {
        "kind": "verdict",
        "failure_mode": mode,
        "course": "healed",
        "aspect": aspect,
        "requirement": {"retried": "rfc/retried", "error_code": "rfc/status-class"}.get(aspect, "rfc/queued"),
        "level": "MUST",
        "verdict": "not_applicable" if masked else said,
        "expected": "that",
        "observed": f"{said} was seen",
        "node_id": node(name),
        **({"because": node("stays_queued[a]")} if masked else {}),
        **more,
    }


def report(folder: Path, tests: Mapping[str, str], *rows: dict[str, Any], **header: Any) -> Path:
    """Write a report; the rows of requirements are made from those of the tests."""
    verdicts = [verdict(name, said) for name, said in tests.items()] + list(rows)
    said: dict[str, list[str]] = {}
    for row in verdicts:
        masked = "because" in row and not row.get("broken")
        word = "not_judged" if masked else "fail" if "because" in row else row["verdict"]
        for name in row.get("broken") or [row["requirement"]]:
            said.setdefault(name, []).append(word)
    requirements = [
        {
            "kind": "requirement",
            "requirement": name,
            "level": "MUST",
            "standing": min(words, key=_ORDER.index),
            "tests": {word: words.count(word) for word in words},
            "because": [node("stays_queued[a]")] if "not_judged" in words else [],
        }
        for name, words in said.items()
    ]
    folder.mkdir(parents=True)
    lines = [{**HEADER, **header}, *verdicts, *requirements, {"kind": "footer", "exit_status": 0}]
    (folder / "report.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder
