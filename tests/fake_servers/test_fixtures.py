"""Fake servers for people who test mail clients: in a thread of their own, as fixtures, and from a file.

Before, there were the asynchronous classes and a command line for one server, and no page about either.
"""

from __future__ import annotations

import asyncio
import json
import re
import smtplib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest
from own_process import ROOT

from fake_servers import Certificate
from fake_servers.plan_file import PlanError, read
from fake_servers.world import FakeWorld

PAGE = (ROOT / "docs" / "fake-servers.md").read_text(encoding="utf-8")
FAILING = """
import smtplib

def test_fails(fake_smtp):
    with smtplib.SMTP(*fake_smtp.address) as client:
        client.sendmail("a@a.test", "b@b.test", "x")
    assert not fake_smtp.wait()

def test_other():
    assert 0
"""
LETTER = "Subject: caf=\r\nTo: b@b.test\r\n\r\nhello\x1b[2J\r\n"


@pytest.fixture
def world() -> Iterator[FakeWorld]:
    with FakeWorld() as world:
        yield world


def send(address: tuple[str, int], *to: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP(*address, timeout=60) as client:
        return client.sendmail("a@a.test", to or ("b@b.test",), LETTER)


def test_messages_are_kept_and_shown(world: FakeWorld) -> None:
    smtp = world.smtp()
    send(smtp.address)
    [message] = smtp.wait()
    assert (message.mail_from, message.recipients, message.tls) == ("a@a.test", ("b@b.test",), False)
    assert message.content == LETTER.encode()
    assert message.email["To"] == "b@b.test"
    shown = json.loads(json.dumps(message.to_json()))
    assert shown["headers"] == [["Subject", "caf="], ["To", "b@b.test"]]
    assert shown["content"] == LETTER
    assert str(message) == (
        "MAIL FROM:<a@a.test>\nRCPT TO:<b@b.test>\n\nSubject: caf=\nTo: b@b.test\n\nhello\\x1b[2J\n"
    )
    smtp.clear()
    assert smtp.messages == []
    assert "smtp message" in smtp.show()
    assert next(each["kind"] for each in smtp.to_json() if each["layer"] == "tcp") == "accepted"


def test_several_servers_go_by_rules_that_change(world: FakeWorld) -> None:
    one, two = world.smtp("rcpt(bad@b.test)=reply:550:5.1.1 Nobody"), world.smtp("mail=reply:450:4.2.1 Busy")
    assert send(one.address, "bad@b.test", "b@b.test") == {"bad@b.test": (550, b"5.1.1 Nobody")}
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(two.address)
    two.play()
    send(two.address)
    assert len(two.wait()) == len(one.wait()) == 1
    with pytest.raises(ValueError, match="no stage 'male'; there are connect greeting ehlo"):
        two.play("male=stall")
    with pytest.raises(TimeoutError, match=r"1 of 2 messages within 0\.1 s; the server saw\n.*tcp accepted"):
        two.wait(2, timeout=0.1)
    for name, kind in (("refusing", ConnectionRefusedError), ("hanging", TimeoutError)):
        with pytest.raises(kind):
            smtplib.SMTP(*getattr(world, name)(), timeout=0.3)


def test_a_client_can_trust_the_certificate(world: FakeWorld) -> None:
    smtp = world.smtp(hostname="localhost", certificate=Certificate.GOOD)
    with smtplib.SMTP("localhost", smtp.port, timeout=60) as client:
        client.starttls(context=world.client_context())
        client.sendmail("a@a.test", "b@b.test", LETTER)
    assert smtp.wait()[0].tls


async def test_names_are_answered_and_asynchronous_tests_wait_in_a_thread(world: FakeWorld) -> None:
    server, smtp = world.dns(), world.smtp()
    server.set("a.test", "MX", "servfail", "10 mx.a.test.")
    server.set_all("b.test", "nxdomain")

    def ask(name: str) -> dns.message.Message:
        query = dns.message.make_query(name, "MX")
        return dns.query.udp(query, server.host, port=server.port, timeout=60)

    assert [(await asyncio.to_thread(ask, "a.test")).rcode() for _ in range(2)] == [
        dns.rcode.SERVFAIL,
        dns.rcode.NOERROR,
    ]
    server.clear("a.test")
    assert (await asyncio.to_thread(ask, "a.test")).rcode() is dns.rcode.NXDOMAIN
    assert [query.name for query in server.queries] == ["a.test"] * 3
    await asyncio.to_thread(send, smtp.address)
    assert len(await asyncio.to_thread(smtp.wait)) == 1


def test_a_world_that_is_closed_leaves_nothing() -> None:
    world = FakeWorld()
    smtp = world.smtp()
    client = smtplib.SMTP(*smtp.address, timeout=60)  # stays open
    world.close()
    world.close()
    client.close()
    assert "fake world" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(*smtp.address, timeout=60)
    with pytest.raises(RuntimeError, match="the fake world is closed"):
        smtp.play()
    with pytest.raises(RuntimeError, match="the fake world is closed"):
        world.dns()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"no server; there are the tables \[smtp.NAME\] and \[dns.NAME\]"),
        ("[smtp", "no TOML: "),
        ("[smpt.x]", "smpt: no such key; there are smtp, dns"),
        ("[smtp]\nx = 1", "smtp.x: a table is asked for, not 1"),
        ("[smtp.x]", "smtp.x.listen: a text is asked for, not None"),
        ("[smtp.x]\nlisten = '25'", "smtp.x.listen: '25' is not of the form HOST:PORT"),
        ("[smtp.x]\nrule = []", "smtp.x.rule: no such key; there are listen, hostname, rules"),
        ("[smtp.x]\nrules = 1", "smtp.x.rules: a list of texts is asked for, not 1"),
        ("[smtp.x]\nrules = ['mail=stall', 'mail=stal']", r"smtp.x.rules\[1\]: no action 'stal'; there are accept"),
        ("[smtp.x]\nrules = 'connect=raw:x'", "raw at stage connect makes no sense; there accept, close, reset"),
        ("[smtp.x]\nextensions = ['BURL']", "smtp.x.extensions: no extension 'BURL' here; there are 8BITMIME"),
        ("[smtp.x]\ncertificate = 'rotten'", "smtp.x.certificate: no certificate 'rotten'; there are good, expired"),
        ("[dns.x.answers]\n'a.test' = []", 'dns.x.answers."a.test": a name and a type are asked for'),
        ("[dns.x.answers]\n'a.test A' = 'nxdoman'", "dns.x.answers.\"a.test A\": 'nxdoman' is no A record"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_is_explained(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "servers.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match=f"{re.escape(str(file))}: .*{complaint}"):
        read(file)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_servers_of_the_file_on_the_page_follow_it(tmp_path: Path) -> None:
    file, kept = tmp_path / "servers.toml", tmp_path / "kept"
    [text] = blocks("toml")
    file.write_text(re.sub(r"(127\.0\.0\.1):\d+", r"\1:0", text), encoding="utf-8")
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "fake_servers",
        "run",
        str(file),
        "--json",
        "--keep",
        str(kept),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        serving = {row["serving"]: row for row in (json.loads(process.stdout.readline()) for _ in range(3))}
        first = serving["smtp.first"]
        address = first["host"], first["port"]
        assert send(address, "bad@b.test", "b@b.test")["bad@b.test"][0] == 550
        file.write_text("[smtp.first]\nrules = ['male=stall']", encoding="utf-8")
        assert "no stage 'male'" in process.stderr.readline()
        file.write_text("[smtp.first]\nlisten = '127.0.0.1:0'", encoding="utf-8")
        assert "when they are started again" in process.stderr.readline()
        assert process.stderr.readline() == f"{file}: read again\n"
        assert send(address, "bad@b.test") == {}
    finally:
        process.terminate()
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert {json.loads(line)["layer"] for line in output.splitlines()} <= {"tcp", "smtp"}
    assert output
    assert (kept / "000001.eml").read_bytes() == LETTER.encode()
    assert json.loads((kept / "000002.json").read_text())["recipients"] == ["bad@b.test"]


def test_the_tests_on_the_page_pass_and_a_failure_shows_what_the_servers_saw(tmp_path: Path) -> None:
    conftest, *tests = blocks("python")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_page.py").write_text("\n".join(tests), encoding="utf-8")
    (tmp_path / "test_failing.py").write_text(FAILING, encoding="utf-8")
    command = [sys.executable, "-W", "error::ResourceWarning", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False)
    passed = sum(text.count("def test_") for text in tests)
    assert re.search(rf"2 failed, {passed} passed", done.stdout), done.stdout
    assert done.stdout.count("fake servers") == 1
    assert 'smtp message mail_from="a@a.test"' in done.stdout


def test_who_uses_the_fakes_alone_needs_no_pytest_and_nobody_gets_the_fixtures_unasked() -> None:
    program = "import sys, fake_servers.world, fake_servers.__main__; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], text=True, capture_output=True, check=True, cwd=ROOT
    )
    assert done.stdout == "False\n"
