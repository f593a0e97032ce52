"""The real Postfix, in the real namespace lab."""

import email
import email.policy
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from conformance.target import Address, Outcome, RelayConfig, TargetError
from conformance.targets import postfix
from conformance.targets.kit import search_path

SCRIPT = Path(__file__).with_name("postfix_lab_script.py")
Seen = dict[str, Any]


def _events(seen: Seen, recipient: str) -> list[Seen]:
    return [event for event in seen["events"] if event["recipient"] == recipient]


def _first(seen: Seen, domain: str) -> tuple[str, str, str]:
    event = _events(seen, f"User@{domain}")[0]
    return event["outcome"], event["status"], event["text"]


@pytest.mark.parametrize("domain", ["healthy.test", "mx.test", "two.test", "encrypted.test", "domain.test"])
def test_healthy_destinations_get_their_mail(seen: Seen, domain: str) -> None:
    assert len(seen["received"][f"User@{domain}"]) == 1
    assert [event["outcome"] for event in _events(seen, f"User@{domain}")] == [Outcome.DELIVERED]


def test_mail_is_unaltered_but_for_one_received_field(seen: Seen) -> None:
    [content] = seen["received"]["User@healthy.test"]
    trace, odd, rest = content.partition("X-Odd:")
    assert trace.startswith("Received: from ")
    assert trace.count("\r\n") == len([line for line in trace.splitlines() if line])
    assert trace.lower().count("received:") == 1
    assert odd + rest == "X-Odd:  two  blanks\r\nfrom: nobody\r\n\r\n.dot\r\nbody \xe4\r\n"


def test_tls_is_used_where_it_is_offered_and_chain_validation_takes_any_name(seen: Seen) -> None:
    assert seen["secured"]["User@chain.test"]
    assert seen["secured"]["User@domain.test"]
    assert seen["secured"]["User@encrypted.test"]
    assert not seen["secured"]["User@healthy.test"]


@pytest.mark.parametrize("domain", ["plain.test", "wrong.test", "refused.test", "servfail.test"])
def test_nothing_is_sent_against_the_rules(seen: Seen, domain: str) -> None:
    assert f"User@{domain}" not in seen["received"]


def test_stock_codes(both: dict[str, Seen]) -> None:
    seen = both["postfix"]
    refused = "connect to mx.refused.test[10.77.2.1]:25: Connection refused"
    assert _first(seen, "refused.test") == (Outcome.DEFERRED, "4.4.1", refused)
    assert _first(seen, "unreachable.test")[1] == "4.4.1"
    assert _first(seen, "nxdomain.test")[:2] == (Outcome.PERMANENT, "5.4.4")
    assert _first(seen, "servfail.test")[:2] == (Outcome.DEFERRED, "4.4.3")
    assert _first(seen, "plain.test")[:2] == (Outcome.DEFERRED, "4.7.4")
    assert _first(seen, "wrong.test")[:2] == (Outcome.DEFERRED, "4.7.5")


@pytest.mark.parametrize(
    ("domain", "status", "words"),
    [
        ("refused.test", "4.4.316", "Connection refused"),
        ("unreachable.test", "4.4.315", "Connection timed out"),
        ("nxdomain.test", "4.4.312", "DNS query failed"),
        ("servfail.test", "4.4.312", "DNS query failed"),
        ("plain.test", "4.4.317", "Cannot connect to remote server"),
        ("wrong.test", "4.7.320", "Certificate validation failed"),
    ],
)
def test_codes_of_the_source_document(both: dict[str, Seen], domain: str, status: str, words: str) -> None:
    outcome, code, text = _first(both["postfix-eop"], domain)
    assert (outcome, code) == (Outcome.DEFERRED, status)
    assert text.startswith(f"450 {status} {words} [")


def test_the_queue_shows_who_waits_and_why(seen: Seen) -> None:
    waiting = {message["recipient"]: message for message in seen["queue"]}
    assert waiting["User@refused.test"]["sender"] == "refused@sender.test"
    assert "User@healthy.test" not in waiting
    shown = [message["error"] for message in seen["queue"] if message["recipient"] == "User@refused.test"]
    last = _events(seen, "User@refused.test")[0]["text"]
    assert shown in ([last], [""])  # empty while an attempt is under way


def test_messages_are_tried_again_then_expire(seen: Seen) -> None:
    outcomes = [event["outcome"] for event in _events(seen, "User@refused.test")]
    assert outcomes[:2] == [Outcome.DEFERRED, Outcome.DEFERRED]
    assert outcomes[-1] == Outcome.EXPIRED
    assert outcomes.count(Outcome.EXPIRED) == 1


@pytest.mark.parametrize(("name", "status"), [("postfix", "4.4.1"), ("postfix-eop", "5.4.316")])
def test_the_sender_is_told(both: dict[str, Seen], name: str, status: str) -> None:
    [content] = both[name]["received"]["refused@sender.test"]
    report = email.message_from_string(content, policy=email.policy.default)
    fields = [part for part in report.walk() if part.get_content_type() == "message/delivery-status"]
    text = fields[0].as_string()
    assert f"Status: {status}\n" in text
    assert "Final-Recipient: rfc822; User@refused.test" in text


def test_a_second_instance_is_refused_and_nothing_is_left(seen: Seen) -> None:
    assert seen["second instance"] == "one Postfix is already running here"
    assert seen["left running"] == []
    assert seen["left mounted"] == []


def test_it_starts_fast(seen: Seen) -> None:
    assert seen["configuration files"] >= 2
    assert seen["fresh"] == []  # Postfix waits two seconds for one that may still be written


def _config(work: Path) -> RelayConfig:
    return RelayConfig(
        work_directory=work,
        hostname="relay.test",
        listen=Address("127.0.0.1", 0),
        resolver=Address("10.77.0.53", 53),
        next_hop_port=25,
        connectors=(),
        trust_anchors=work / "trust.pem",
        retry_interval=1,
        max_retry_interval=1,
        queue_lifetime=4,
        connect_timeout=2,
        command_timeout=2,
        dns_timeout=2,
    )


async def test_without_postfix_the_hint_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postfix, "search_path", lambda: str(tmp_path))
    with pytest.raises(TargetError, match="not installed") as caught:
        async with postfix.PostfixTarget().running(_config(tmp_path)):
            pass
    assert caught.value.installation
    assert "apt-get install postfix" in caught.value.hint


def test_it_tells_the_version_of_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of a program, so that a certificate and a matrix can name it."""
    program = tmp_path / "postconf"
    program.write_text('#!/bin/sh\necho "3.5.9 $*"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(postfix, "search_path", lambda: str(tmp_path))
    assert postfix.PostfixEopTarget().version == "3.5.9 -dh mail_version"
    program.unlink()
    assert postfix.PostfixEopTarget().version is None


async def test_outside_the_lab_it_refuses_to_touch_the_machine(tmp_path: Path) -> None:
    if shutil.which("postconf", path=search_path()) is None:
        pytest.skip("Postfix is not installed")
    with pytest.raises(TargetError, match="a machine of its own") as caught:
        async with postfix.PostfixTarget().running(_config(tmp_path)):
            pass
    assert caught.value.installation
    assert "namespace lab" in caught.value.hint
    assert os.listdir(tmp_path) == []
