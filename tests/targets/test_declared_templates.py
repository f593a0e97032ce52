from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.target import RelayConfig, TargetError
from conformance.targets.declared.templates import TemplateWrong, Variables, environment, render, value, words


def asked(first: float, later: float, lifetime: float) -> RelayConfig:
    config: Any = SimpleNamespace(retry_interval=first, max_retry_interval=later, queue_lifetime=lifetime)
    return config  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ x }} s", "2 s"),
        ("{{ y }}", "0.333"),
        ("{{ x | whole }} {{ y | whole }} {{ 2.1 | whole }}", "2 1 3"),
        ("{{ y | ms }}", "334"),
        ("{{ y | at_least(5) }}", "5"),
        ('{{ {"a": "<&>"} | json }}', '{"a": "<&>"}'),
        ("{{ 'a = 1\nb = 2' | sub('^a.*$', 'a = 3') }}", "a = 3\nb = 2"),
        ("{% for n in (1, 2) %}\n{{ n }}\n{% endfor %}\n", "1\n2\n"),
    ],
)
def test_numbers_and_texts_are_written_as_configuration_files_have_them(source: str, text: str) -> None:
    assert render(source, {"x": 2.0, "y": 1 / 3}, environment()) == text


def test_a_single_expression_stands_for_what_it_is() -> None:
    names = {"x": [1, 2], "y": 2.5}
    assert value("{{ x }}", names, environment()) == [1, 2]
    assert value("{{ y + 1 }}", names, environment()) == 3.5
    assert value("{{ y }} and {{ y }}", names, environment()) == "2.5 and 2.5"
    assert value(3, names, environment()) == 3
    assert words(["run", "{{ x }}", "-{{ y }}"], names, environment()) == ["run", "1", "2", "-2.5"]


@pytest.mark.parametrize(
    "source", ["{{ nobody }}", "a {{ nobody }}", "{{ x.nobody }}", "{{ 'a' | sub('b', 'c') }}", "{{ 1 / 0 }}"]
)
def test_what_stands_for_nothing_is_a_mistake(source: str) -> None:
    with pytest.raises(TemplateWrong):
        value(source, {"x": 1}, environment())


def test_a_variable_that_is_not_set_is_the_installations_trouble() -> None:
    assert render("{{ env.A }}", {"env": Variables({"A": "b"})}, environment()) == "b"
    with pytest.raises(TargetError, match="no variable B") as caught:
        render("{{ env.B }}", {"env": Variables({"A": "b"})}, environment())
    assert caught.value.installation


@pytest.mark.parametrize(
    ("config", "least", "waits"),
    [
        (asked(2, 2, 10), 0, [2, 2, 2, 2, 2]),
        (asked(1, 4, 12), 0, [1.5, 1.5, 4.5, 4.5]),
        (asked(2, 2, 12), 5, [6, 6]),
        (asked(2, 2, 3), 5, [5]),
    ],
)  # fmt: skip
def test_the_waits_of_a_relay_that_counts_failures_add_up_to_the_lifetime(
    config: RelayConfig, least: float, waits: list[float]
) -> None:
    assert value(f"{{{{ waits({least}) }}}}", {}, environment(config)) == waits
    assert sum(waits) >= config.queue_lifetime


def test_a_file_of_the_installation_that_is_not_there_is_its_trouble(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    assert render(f"{{{{ read('{tmp_path}/a') }}}}", {}, environment()) == "text"
    with pytest.raises(TargetError, match="cannot read"):
        render(f"{{{{ read('{tmp_path}/b') }}}}", {}, environment())
