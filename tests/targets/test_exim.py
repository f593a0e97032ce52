"""What is written for Exim and read from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.target import Connector, Outcome, RelayConfig, TlsPolicy
from conformance.targets import exim_config
from conformance.targets.exim_log import exim_log
from conformance.targets.exim_spool import read_message, read_spool
from conformance.targets.kit import PatternLog

STAMP = "2026-01-02 03:04:05.678"
ID = "1xXGbv-00000t-2F"


def _events(tmp_path: Path, *lines: str) -> PatternLog:
    log = exim_log(tmp_path / "mainlog")
    log.feed(f"{STAMP} {ID} {line}" for line in lines)
    return log


def test_an_attempt_names_the_host_of_the_line_before(tmp_path: Path) -> None:
    [event] = _events(
        tmp_path,
        "H=mx.b.test [10.77.1.13] Connection refused",
        "== r@b.test R=smart_host T=smtp_opportunistic defer (111): Connection refused",
    ).events
    assert event.recipient == "r@b.test"
    assert event.outcome is Outcome.DEFERRED
    assert event.text == "R=smart_host T=smtp_opportunistic defer (111): Connection refused"
    assert event.destination == "mx.b.test"
    assert event.at == pytest.approx(1767323045.678)


def test_a_host_without_an_address_is_named_by_the_line_before(tmp_path: Path) -> None:
    [event] = _events(
        tmp_path,
        "no IP address found for host mx.b.test",
        "== r@b.test R=smart_host defer (-1): lookup failed for all hosts in smart_host router",
    ).events
    assert event.destination == "mx.b.test"


def test_an_attempt_names_its_own_host(tmp_path: Path) -> None:
    events = _events(
        tmp_path,
        "H=mx1.b.test [10.77.1.1] Connection refused",
        "== r@b.test R=a T=b defer (0) H=mx2.b.test [10.77.1.2]: SMTP error: 421 4.3.2 H=evil",
        '=> R@b.test <r@B.test> R=a T=b H=mx2.b.test [10.77.1.2] C="250 OK"',
        "** s@b.test R=a T=b H=mx2.b.test [10.77.1.2]: SMTP error: 550 5.7.1 No",
    ).events
    assert [event.destination for event in events] == ["mx2.b.test"] * 3
    assert [event.outcome for event in events] == [Outcome.DEFERRED, Outcome.DELIVERED, Outcome.PERMANENT]
    assert events[1].recipient == "r@B.test"


def test_a_host_belongs_to_one_attempt(tmp_path: Path) -> None:
    events = _events(
        tmp_path,
        "H=mx1.b.test [10.77.1.1] Connection refused",
        "== r@b.test R=a T=b defer (111): Connection refused",
        "** r@b.test: retry timeout exceeded",
    ).events
    assert [event.outcome for event in events] == [Outcome.DEFERRED, Outcome.EXPIRED]
    assert [event.destination for event in events] == ["mx1.b.test", ""]
    assert events[1].text == "retry timeout exceeded"


@pytest.mark.parametrize(
    "line",
    [
        "== r@b.test R=a T=b defer (-54): retry time not reached for any host for 'b.test'",
        "Completed",
        "<= a@b.test H=x [10.77.0.25] P=esmtp S=1 id=== r@b.test",
        "H=mx.b.test [10.77.1.1]: SMTP error: 421 == r@b.test R=a T=b defer (0)",
    ],
)
def test_other_lines_are_no_attempts(tmp_path: Path, line: str) -> None:
    assert _events(tmp_path, line).events == []


def test_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    file = tmp_path / "mainlog"
    log = exim_log(file)
    log.read()
    file.write_text(f"{STAMP} {ID} ** r@b.test: retry time")
    log.read()
    assert log.events == []
    with file.open("a") as more:
        more.write("out exceeded\n")
    log.read()
    log.read()
    assert [event.outcome for event in log.events] == [Outcome.EXPIRED]


HEADER = """1xXHSn-00001I-21-H
Debian-exim 300 300
<a@b.test>
1795868613 0
--helo_name x.test
-tls_resumption A
{tree}
4
r@c.test rfc822;x@y 10,2  0,-1#3
"q #1 q"@c.test rfc822;x@y 10,2  0,-1#3
s@c.test
t@c.test

011  Subject: x
"""


def _waiting(tree: str, journal: str = "") -> list[str]:
    found = read_message(HEADER.format(tree=tree), journal)
    assert {message.sender for message in found} <= {"a@b.test"}
    return [message.recipient for message in found]


def test_who_waits_in_the_spool() -> None:
    everybody = ["r@c.test", '"q #1 q"@c.test', "s@c.test", "t@c.test"]
    assert _waiting("XX") == everybody
    assert _waiting("XX", "s@c.test\n") == ["r@c.test", '"q #1 q"@c.test', "t@c.test"]
    assert _waiting("NN s@c.test") == ["r@c.test", '"q #1 q"@c.test', "t@c.test"]
    assert _waiting("YY s@c.test\nNY r@c.test\nNN x@c.test\nNN t@c.test") == ['"q #1 q"@c.test']
    assert read_message(HEADER.format(tree="XX").replace("a@b.test", ""))[0].sender == ""
    assert read_message("half of a file") == []


def test_a_spool(tmp_path: Path) -> None:
    assert read_spool(tmp_path / "nowhere") == []
    (tmp_path / "1xXHSn-00001I-21-H").write_text(HEADER.format(tree="XX"))
    (tmp_path / "1xXHSn-00001I-21-D").write_text("")
    (tmp_path / "1xXHSn-00001I-21-J").write_text("r@c.test\ns@c.test\n")
    assert [message.recipient for message in read_spool(tmp_path)] == ['"q #1 q"@c.test', "t@c.test"]


def test_the_first_interval_holds_for_two_gaps(asked: Callable[..., RelayConfig]) -> None:
    def rule(**changes: object) -> str:
        text = exim_config.configuration(
            asked(**changes),
            etc=Path("/e"),
            spool=Path("/s"),
            log=Path("/l"),
            port=25,
            ipv6=True,
            environment=(),
        )
        return text.rpartition("begin retry")[2].strip()

    assert rule() == "* * F,900s,2s"
    assert rule(max_retry_interval=9) == "* * F,3s,2s; F,900s,9s"


def test_routes_and_transports() -> None:
    lists = exim_config.lists(
        [
            Connector(domain="a.test", smart_hosts=("x.test", "[fd77::1]"), tls=TlsPolicy.ENCRYPTION_ONLY),
            Connector(domain="b.test"),
        ]
    )
    assert lists["routes"] == 'a.test: "<; x.test ; fd77::1"\n'
    assert lists["transports"] == "a.test: smtp_encryption_only\nb.test: smtp_opportunistic\n"
