from __future__ import annotations

import pytest

from conformance.session.near import near, why_nothing

TESTS = [
    "conformance/suite/test_retried.py::test_retried[connection_refused] 4.4.316",
    "test_survives[greeting_421]",
]
NAMES = ["connection_refused", "greeting_421", "retried", "survives", "healed"]


def test_what_is_near_comes_before_what_has_it_in_it() -> None:
    assert near("greeting", NAMES)[0] == "greeting_421"
    assert near("421", NAMES) == ["greeting_421"]
    assert near("", NAMES) == []


@pytest.mark.parametrize(("expression", "told"), [
    ("nosuchmode", "no name has 'nosuchmode' in it; pytest --co -q"),
    ("conection_refused", "did you mean connection_refused?"),
    ("Retired and not survives", "no name has 'Retired' in it; did you mean retried"),
    ("retried and survives", "though there are some for each of its words"),
    ("(RETRIED and 4.4.317)", "no name has '4.4.317' in it"),
    ("and", ""),
])  # fmt: skip
def test_why_an_expression_selects_nothing(expression: str, told: str) -> None:
    assert told in why_nothing(expression, TESTS, NAMES)
    assert bool(told) is bool(why_nothing(expression, TESTS, NAMES))
