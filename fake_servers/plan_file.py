"""Several servers in one file (TOML), as `python -m fake_servers run FILE` reads it.

What is wrong with a file is told with the file, the key, and what is possible there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fake_servers.dns import Zone
from fake_servers.smtp import OFFER, Script
from fake_servers.spelling import parse_address, parse_answer, parse_rule
from fake_servers.tls import Certificate

_T = TypeVar("_T")

FILE_SYNTAX = """\
[smtp.NAME]                        one table for each mail server
listen = "127.0.0.1:2525"          port 0: any free one
hostname = "mx1.fake.test"         (this and all that follows may be left out)
rules = ["rcpt(bad@b.test)=reply:550:5.1.1 Nobody", "greeting=stall@2"]
extensions = ["SIZE 1000", "8BITMIME"]
certificate = "good"

[dns.NAME]                         one for each name server
listen = "127.0.0.1:5353"
[dns.NAME.answers]
"a.test MX" = "10 mx1.a.test."
"mx1.a.test A" = ["servfail", "127.0.0.1"]
"b.test ALL" = "nxdomain"

Rules are spelled as for `smtp --rule`, answers as for `dns --set`. A file that changes while the servers run
is read again: rules, extensions and answers change, from the next connection or query on; one with a mistake
changes nothing.
"""


class PlanError(ValueError):
    """A file that cannot be used; the text names file and key, and what is possible there."""


@dataclass(frozen=True, slots=True)
class SmtpPlan:
    """One mail server."""

    listen: tuple[str, int]
    hostname: str
    script: Script
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class DnsPlan:
    """One name server."""

    listen: tuple[str, int]
    zone: Zone


@dataclass(frozen=True, slots=True)
class Plan:
    """All servers of a file, by name."""

    smtp: dict[str, SmtpPlan]
    dns: dict[str, DnsPlan]


def read(path: Path) -> Plan:
    """Read a file.

    Raises:
        PlanError: It cannot be read or used.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # of TOML as well as of UTF-8
        raise PlanError(f"{path}: no TOML: {error}") from error
    try:
        return _plan(_Table("", data))
    except ValueError as error:
        raise PlanError(f"{path}: {error}") from error


class _Table:
    """A table of the file, which knows where it stands in it."""

    def __init__(self, key: str, data: Any) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"{key}: a table is asked for, not {data!r:.100}")
        self._key = key
        self.data: dict[str, Any] = data

    def at(self, name: str) -> str:
        """Return the whole key of an entry."""
        shown = name if name.replace("-", "_").isidentifier() else f'"{name}"'
        return f"{self._key}.{shown}" if self._key else shown

    def only(self, *names: str) -> None:
        """Refuse other entries than these."""
        for name in self.data.keys() - {*names}:
            raise ValueError(f"{self.at(name)}: no such key; there are {', '.join(names)}")

    def tables(self, name: str) -> dict[str, _Table]:
        """Return the tables below an entry, none if there is no such entry."""
        outer = _Table(self.at(name), self.data.get(name, {}))
        return {each: _Table(outer.at(each), data) for each, data in outer.data.items()}

    def text(self, name: str, read: Callable[[str], _T], default: _T | None = None) -> _T:
        """Read the text of an entry."""
        value = self.data.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise ValueError(f"{self.at(name)}: a text is asked for, not {value!r:.100}")
        return _at(self.at(name), read, value)

    def texts(self, name: str, read: Callable[[str], _T]) -> list[_T]:
        """Read each text of an entry that is a list, or the only one of one that is a text."""
        value = self.data.get(name, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
            raise ValueError(f"{self.at(name)}: a list of texts is asked for, not {value!r:.100}")
        place = self.at(name)
        return [
            _at(f"{place}[{number}]" if texts is value else place, read, text)
            for number, text in enumerate(texts)
        ]


def _plan(top: _Table) -> Plan:
    top.only("smtp", "dns")
    plan = Plan(
        smtp={name: _smtp(table) for name, table in top.tables("smtp").items()},
        dns={name: _dns(table) for name, table in top.tables("dns").items()},
    )
    if not plan.smtp and not plan.dns:
        raise ValueError("no server; there are the tables [smtp.NAME] and [dns.NAME]")
    return plan


def _smtp(table: _Table) -> SmtpPlan:
    table.only("listen", "hostname", "rules", "extensions", "certificate")
    rules = table.texts("rules", parse_rule)
    extensions = table.texts("extensions", str) if "extensions" in table.data else OFFER
    script = _at(table.at("extensions"), partial(Script, *rules, extensions=tuple(extensions)))
    certificate = table.text("certificate", _certificate) if "certificate" in table.data else None
    return SmtpPlan(
        listen=table.text("listen", parse_address),
        hostname=table.text("hostname", str, "mx.fake.test"),
        script=script,
        certificate=certificate,
    )


def _dns(table: _Table) -> DnsPlan:
    table.only("listen", "answers")
    zone = Zone()
    answers = _Table(table.at("answers"), table.data.get("answers", {}))
    for question in answers.data:
        name, _, rdtype = question.partition(" ")
        planned = answers.texts(question, parse_answer)
        if not rdtype:
            raise ValueError(f'{answers.at(question)}: a name and a type are asked for, as in "a.test MX"')
        if rdtype.upper() == "ALL":
            _at(answers.at(question), zone.set_all, name, *planned)
        else:
            _at(answers.at(question), zone.set, name, rdtype, *planned)
    return DnsPlan(listen=table.text("listen", parse_address), zone=zone)


def _certificate(text: str) -> Certificate:
    try:
        return Certificate(text.lower())
    except ValueError:
        raise ValueError(f"no certificate {text!r}; there are {', '.join(Certificate)}") from None


def _at(key: str, work: Callable[..., _T], *arguments: Any) -> _T:
    """Do some work, and say where in the file stands what it complains of."""
    try:
        return work(*arguments)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error
