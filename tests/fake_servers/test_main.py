from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest
from own_process import DEADLINE, lines_until, running

from fake_servers.__main__ import _parser, main
from fake_servers.dns import (
    Cname,
    Delayed,
    HangUp,
    Lame,
    OtherName,
    Records,
    ServFail,
    Truncated,
    WrongId,
)
from fake_servers.events import SmtpSent
from fake_servers.smtp import (
    Accept,
    Close,
    CloseWith421,
    Endless,
    Raw,
    ReadSlowly,
    Refuse,
    Reply,
    Reset,
    Rule,
    Slow,
    Stage,
    Stall,
    Trickle,
)
from fake_servers.spelling import parse_answer, parse_rule, spell


def test_smtp_plays_its_rules_and_prints_one_line_for_each_event() -> None:
    rules = ["--rule", "rcpt(bad@b.test)=reply:550:5.1.1 Nobody", "--rule", "greeting=reset@2"]
    with running("smtp", *rules) as (process, host, port):
        with smtplib.SMTP(host, port, timeout=DEADLINE) as client:
            refused = client.sendmail("a@a.test", ["bad@b.test", "good@b.test"], "Subject: x\r\n\r\nx\r\n")
        assert refused == {"bad@b.test": (550, b"5.1.1 Nobody")}
        # the reset may come before the client knows that it is connected
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError), match="reset by peer"):
            smtplib.SMTP(host, port, timeout=DEADLINE)
        lines = lines_until(process, 'how="rst"')
    assert any('smtp received stage="mail" line="mail FROM:<a@a.test>' in line for line in lines)
    [message] = [line for line in lines if "smtp message" in line]
    assert 'recipients=["good@b.test"]' in message
    assert "octets>" in message


def test_a_server_whose_output_nobody_reads_any_more_ends() -> None:
    """Before, neither that nor SIGTERM ended it."""
    with running("smtp") as (process, host, port):
        assert process.stdout is not None
        process.stdout.close()
        with suppress(ConnectionResetError):  # it may have ended by then
            socket.create_connection((host, port), timeout=DEADLINE).close()
        assert process.wait(DEADLINE) == 0
        process.stdout = None


def test_smtp_offers_a_certificate(tmp_path: Path) -> None:
    anchors = tmp_path / "ca.pem"
    with running("smtp", "--certificate", "good", "--trust-anchors", str(anchors)) as (_, host, port):
        with smtplib.SMTP(host, port, timeout=DEADLINE) as client:
            client.ehlo()
            assert client.has_extn("starttls")
        assert anchors.read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_smtp_can_speak_an_old_tls_alone() -> None:
    options = ["--certificate", "ip_address", "--newest-tls", "TLSv1_1"]
    with running("smtp", *options) as (process, host, port):
        with smtplib.SMTP(host, port, timeout=DEADLINE) as client, pytest.raises(ssl.SSLError):
            client.starttls(context=ssl.create_default_context())
        assert any("tls failed" in line for line in lines_until(process, "tls failed"))


def test_a_certificate_that_cannot_be_made_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smtp", "--listen", "127.0.0.1:0", "--certificate", "wildcard_two_labels"]) == 1
    assert "use a longer name" in capsys.readouterr().err


def test_dns_answers() -> None:
    plan = ["--set", "a.test", "MX", "servfail", "10 mx1.a.test.; 20 mx2.a.test."]
    with running("dns", *plan, "--set", "b.test", "all", "refused") as (process, host, port):
        query = dns.message.make_query("a.test", "MX")
        first, second = (dns.query.udp(query, host, port=port, timeout=DEADLINE) for _ in range(2))
        assert first.rcode() is dns.rcode.SERVFAIL
        assert len(second.answer[0]) == 2
        third = dns.query.udp(dns.message.make_query("b.test", "A"), host, port=port, timeout=DEADLINE)
        assert third.rcode() is dns.rcode.REFUSED
        assert any("dns query" in line for line in lines_until(process, 'answer="refused"'))


def test_refuse() -> None:
    with running("refuse") as (_, host, port), pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), timeout=DEADLINE)


def test_hang() -> None:
    with running("hang") as (_, host, port), pytest.raises(TimeoutError):
        socket.create_connection((host, port), timeout=0.3)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "COMMAND"),
        (["http"], "invalid choice: 'http'"),
        (["smtp", "--listen", "2525"], "'2525' is not of the form HOST:PORT"),
        (["smtp", "--rule", "mail"], "'mail' is not of the form STAGE=ACTION"),
        (["smtp", "--rule", "male=stall"], "no stage 'male'"),
        (["smtp", "--rule", "mail=stal"], "no action 'stal'"),
        (["smtp", "--rule", "mail=reply:busy"], "a reply needs a code"),
        (["smtp", "--rule", "mail=close:7"], "close at stage mail"),
        (["smtp", "--rule", "mail>2=close"], "counted at stage rcpt only"),
        (["smtp", "--rule", "mail=close@0"], "counted from 1"),
        (["smtp", "--certificate", "rotten"], "invalid choice: 'rotten'"),
        (["dns", "--set", "a.test", "MX"], "expected NAME TYPE ANSWER"),
        (["dns", "--set", "a.test"], "expected NAME TYPE ANSWER"),
        (
            ["dns", "--set", "a.test", "A", "delayed:soon:refused"],
            "'soon' is no number of seconds",
        ),
        (["dns", "--set", "a.test", "A", "other_name:b..test:127.0.0.1"], "'b..test' is no domain name"),
        (["dns", "--set", "a.test", "MX", "nonsense"], "'nonsense' is no MX record"),
    ],
)
def test_a_bad_command_line_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == 2
    assert complaint in capsys.readouterr().err


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert _parser("fake_servers").parse_args(["smtp", "--listen", "[::1]:2525"]).listen == ("::1", 2525)


def test_an_address_in_use_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host, port = taken.getsockname()
        assert main(["smtp", "--listen", f"{host}:{port}"]) == 1
    assert "already in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("connect=reset", Rule(Stage.CONNECT, Reset())),
        ("mail=reply:450:4.2.1 a: b@c", Rule(Stage.MAIL, Reply(450, "4.2.1 a: b@c"))),
        ("ehlo_tls=close_with_421", Rule(Stage.EHLO_TLS, CloseWith421())),
        ("quit=close_with_421:Gone", Rule(Stage.QUIT, CloseWith421("Gone"))),
        ("body=close:100@2-4", Rule(Stage.BODY, Close(100), range(2, 5))),
        ("dot=stall@1", Rule(Stage.DOT, Stall(), range(1, 2))),
        ("data=trickle:0.5:354:Go", Rule(Stage.DATA, Trickle(Reply(354, "Go"), 0.5))),
        ("body=read_slowly:4096:0.1:20", Rule(Stage.BODY, ReadSlowly(4096, 0.1, 20))),
        ("greeting=slow:2", Rule(Stage.GREETING, Slow(2.0))),
        (r"ehlo=raw:250 x\n\x00", Rule(Stage.EHLO, Raw(b"250 x\n\x00"))),
        (
            r"dot=refuse_raw:450 caf\xe9\r\n@1",
            Rule(Stage.DOT, Raw(b"450 caf\xe9\r\n", Refuse()), range(1, 2)),
        ),
        ("greeting=endless", Rule(Stage.GREETING, Endless())),
        ("ehlo=endless:451", Rule(Stage.EHLO, Endless(code=451))),
        ("ehlo=endless:250:X", Rule(Stage.EHLO, Endless("X", code=250))),
        ("rcpt>2=reply:452:Full@1", Rule(Stage.RCPT, Reply(452, "Full"), range(1, 2), beyond=2)),
        ("rcpt(a@b.test)>1=stall", Rule(Stage.RCPT, Stall(), recipient="a@b.test", beyond=1)),
        ("rcpt(a@b.test)=accept", Rule(Stage.RCPT, Accept(), recipient="a@b.test")),
    ],
)
def test_rules_can_be_written_down(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


def test_answers_can_be_written_down() -> None:
    assert parse_answer("servfail") == ServFail()
    assert parse_answer("truncated:hang_up") == Truncated(HangUp())
    assert parse_answer("cname:mx.a.test") == Cname("mx.a.test")
    assert parse_answer("cname_loop:a.test") == Cname("a.test", loop_shown=True)
    assert parse_answer("other_name:b.test:::1") == OtherName(Records("::1"), "b.test")
    assert parse_answer("delayed:0.5:wrong_id:lame") == Delayed(0.5, WrongId(Lame()))
    assert parse_answer("fd00::1; fd00::2") == Records("fd00::1", "fd00::2")
    assert parse_answer("127.0.0.1; 127.0.0.2") == Records("127.0.0.1", "127.0.0.2")


def test_an_event_is_one_line() -> None:
    event = SmtpSent(at=1.5, server="127.0.0.1:25", connection=3, stage=Stage.EHLO, text="250-a\n250 b")
    assert spell(event) == '    1.500 127.0.0.1:25 #3   smtp sent stage="ehlo" text="250-a\\n250 b"'
