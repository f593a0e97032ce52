"""The relay's rules, one by one."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from conformance import reference
from conformance.reference.classify import Cause, Stage, classify
from conformance.reference.clock import Clock
from conformance.reference.config import RetrySchedule, load
from conformance.reference.config_reader import ConfigError
from conformance.reference.connect import connect_outcome
from conformance.reference.dsn import decode_xtext, dsn_status
from conformance.reference.envelope_syntax import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    BadArgument,
    parse_parameters,
    parse_path,
)
from conformance.reference.errors import Failure, deferral, expired, format_error, remote_failure, safe_text
from conformance.reference.schedule import Agenda, is_expired, next_attempt_at
from conformance.reference.session import stuff_dots
from conformance.reference.tls import match_name, verify_name
from conformance.reference.transaction import is_too_many

SCHEDULE = RetrySchedule(retry_interval=900, max_retry_interval=3600, quick_retries=2, queue_lifetime=86400)


@pytest.mark.parametrize(
    ("stage", "cause", "status", "title"),
    [
        (Stage.DNS, Cause.LOOKUP, "4.4.312", "DNS query failed"),
        (Stage.CONNECT, Cause.UNANSWERED, "4.4.315", "Connection timed out"),
        (Stage.CONNECT, Cause.UNREACHABLE, "4.4.315", "Connection timed out"),
        (Stage.GREETING, Cause.SILENT, "4.4.315", "Connection timed out"),
        (Stage.CONNECT, Cause.REFUSED, "4.4.316", "Connection refused"),
        (Stage.GREETING, Cause.REJECTED, "4.4.317", "Cannot connect to remote server"),
        (Stage.EHLO, Cause.NO_TLS, "4.4.317", "Cannot connect to remote server"),
        (Stage.HANDSHAKE, Cause.SILENT, "4.4.317", "Cannot connect to remote server"),
        (Stage.HANDSHAKE, Cause.RESET, "4.4.317", "Cannot connect to remote server"),
        (Stage.GREETING, Cause.CLOSED, "4.4.318", "Connection was closed abruptly"),
        (Stage.EHLO, Cause.SILENT, "4.4.318", "Connection was closed abruptly"),
        (Stage.BODY, Cause.RESET, "4.4.318", "Connection was closed abruptly"),
        (Stage.HANDSHAKE, Cause.CERTIFICATE, "4.7.320", "Certificate validation failed"),
    ],
)
def test_each_failure_belongs_to_its_section(stage: Stage, cause: Cause, status: str, title: str) -> None:
    condition = classify(stage, cause)
    assert (condition.status, condition.title) == (status, title)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("cause", Cause)
def test_no_failure_is_without_a_section(stage: Stage, cause: Cause) -> None:
    assert classify(stage, cause).status.startswith("4.")


def test_errors_of_connect() -> None:
    assert connect_outcome(errno.ECONNREFUSED) == (Stage.CONNECT, Cause.REFUSED)
    assert connect_outcome(errno.ETIMEDOUT) == (Stage.CONNECT, Cause.UNANSWERED)
    assert connect_outcome(errno.EHOSTUNREACH) == (Stage.CONNECT, Cause.UNREACHABLE)
    assert connect_outcome(errno.ECONNRESET) == (Stage.GREETING, Cause.RESET)


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (
            deferral(Stage.CONNECT, Cause.REFUSED, "x", server="h"),
            "550 5.4.316 Message expired, connection refused",
        ),
        (deferral(Stage.DNS, Cause.LOOKUP, "x", server="h"), "550 5.4.312 Message expired, DNS query failed"),
        (
            deferral(Stage.MAIL, Cause.CLOSED, "x", server="h"),
            "550 5.4.318 Message expired, connection reset",
        ),
        (
            deferral(Stage.HANDSHAKE, Cause.CERTIFICATE, "x", server="h"),
            "550 5.7.320 Message expired, certificate validation failed",
        ),
        (
            remote_failure(452, "4.2.2 full", server="h", address=""),
            "550 5.4.300 Message expired -> 452 4.2.2 full",
        ),
        # A remote reply that happens to use a number of the table is a remote reply all the same.
        (
            remote_failure(450, "4.4.316 hm", server="h", address=""),
            "550 5.4.300 Message expired -> 450 4.4.316 hm",
        ),
        (None, "550 5.4.300 Message expired"),
    ],
)
def test_what_a_message_expires_of(failure: Failure | None, line: str) -> None:
    assert expired(failure).line == line
    assert not expired(failure).remote


def test_the_full_text_of_an_error() -> None:
    failure = deferral(
        Stage.CONNECT,
        Cause.REFUSED,
        "Socket error code 111: Connection refused",
        server="h.test",
        address="1.2.3.4:25",
    )
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC).timestamp()
    assert format_error(failure, hostname="relay.test", at=at, session="0123456789ABCDEF") == (
        "450 4.4.316 Connection refused [Message=Socket error code 111: Connection refused]"
        " [LastAttemptedServerName=h.test] [LastAttemptedIP=1.2.3.4:25]"
        " [relay.test 2026-01-02T03:04:05.678Z 0123456789ABCDEF]"
    )


@given(st.text())
def test_safe_text_is_one_printable_line(text: str) -> None:
    safe = safe_text(text)
    assert len(safe.splitlines()) <= 1
    assert safe.encode().decode() == safe
    assert not any(ord(character) < 32 for character in safe)


def test_reply_and_status_never_disagree_on_the_class() -> None:
    assert dsn_status(remote_failure(550, "4.7.1 odd", server="h", address="")) == "5.7.1"
    assert dsn_status(remote_failure(554, "no status", server="h", address="")) == "5.0.0"


def test_552_is_temporary_only_when_it_means_too_many_recipients() -> None:
    def refusal(text: str) -> Failure:
        return remote_failure(552, text, server="h", address="")

    assert is_too_many(refusal("5.5.3 too many"), after_others=False)
    assert is_too_many(refusal("too many"), after_others=True)
    assert not is_too_many(refusal("quota"), after_others=False)
    assert not is_too_many(refusal("5.2.2 full"), after_others=True)


def test_retries_come_after_15_minutes_twice_then_every_hour() -> None:
    gaps = [next_attempt_at(1000.0, attempts, SCHEDULE) - 1000.0 for attempts in (1, 2, 3, 4)]
    assert gaps == [900, 900, 3600, 3600]


def test_a_message_is_expired_at_its_lifetime_and_not_before() -> None:
    assert not is_expired(1000.0, 1000.0 + 86399.999, SCHEDULE)
    assert is_expired(1000.0, 1000.0 + 86400, SCHEDULE)


def test_the_agenda_gives_what_is_due_in_order() -> None:
    agenda = Agenda[str]()
    for when, thing in ((3.0, "c"), (1.0, "a"), (1.0, "b")):
        agenda.add(when, thing)
    assert list(agenda.due(2.0)) == [(1.0, "a"), (1.0, "b")]
    assert agenda.next() == 3.0


def test_the_clock_follows_its_file(tmp_path: Path) -> None:
    offset, fresh = tmp_path / "offset", tmp_path / "fresh"
    clock = Clock(offset)
    start = clock.now()
    for content, moved in (("86400.5", 86400.5), ("rubbish", 86400.5), ("-10", -10.0)):
        fresh.write_text(content)
        fresh.rename(offset)
        assert clock.now() - start == pytest.approx(moved, abs=1)
    offset.unlink()
    assert clock.now() - start == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("presented", "expected", "matches"),
    [
        ("mail.a.test", "mail.a.test", True),
        ("MAIL.a.test.", "mail.A.test", True),
        ("other.a.test", "mail.a.test", False),
        ("*.a.test", "mail.a.test", True),
        ("*.a.test", "a.test", False),
        ("*.a.test", "x.mail.a.test", False),
        ("m*.a.test", "mail.a.test", False),
        ("mail.*.test", "mail.a.test", False),
        ("*", "test", False),
        ("*.a.test", "*.a.test", True),
        ("mail.a.test", "*.a.test", True),
        ("x.mail.a.test", "*.a.test", False),
        ("a.test", "*.a.test", False),
        ("mail.b.test", "*.a.test", False),
        ("", "mail.a.test", False),
    ],
)
def test_certificate_names(presented: str, expected: str, matches: bool) -> None:
    assert match_name(presented, expected) is matches


LABEL = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@given(LABEL, LABEL, st.lists(LABEL, min_size=1, max_size=3))
def test_a_wildcard_stands_for_exactly_one_label(first: str, second: str, parent: list[str]) -> None:
    wildcard = ".".join(["*", *parent])
    assert match_name(wildcard, ".".join([first, *parent]))
    assert not match_name(wildcard, ".".join([second, first, *parent]))
    assert not match_name(wildcard, ".".join(parent))


def certificate(common_name: str, *names: x509.GeneralName) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2040, 1, 1))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    from cryptography.hazmat.primitives.serialization import Encoding

    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_common_name_never_counts() -> None:
    assert not verify_name(certificate("mail.a.test"), "mail.a.test")
    assert not verify_name(certificate("mail.a.test", x509.DNSName("b.test")), "mail.a.test")
    assert verify_name(certificate("x", x509.DNSName("mail.a.test")), "mail.a.test")


def test_an_address_needs_an_address_entry() -> None:
    from ipaddress import ip_address

    assert not verify_name(certificate("x", x509.DNSName("10.1.2.3")), "10.1.2.3")
    assert verify_name(certificate("x", x509.IPAddress(ip_address("10.1.2.3"))), "10.1.2.3")


@pytest.mark.parametrize(
    ("argument", "address", "rest"),
    [
        ("<>", "", ""),
        ("<a@b.test>", "a@b.test", ""),
        (" <A.b@[10.1.2.3]> SIZE=1", "A.b@[10.1.2.3]", " SIZE=1"),
        ('<"a b"@c.test>', '"a b"@c.test', ""),
        ("<@x.test,@y.test:a@b.test>", "a@b.test", ""),
    ],
)
def test_paths(argument: str, address: str, rest: str) -> None:
    assert parse_path(argument, null_allowed=True) == (address, rest)


@pytest.mark.parametrize(
    "argument", ["", "a@b.test", "<a>", "<a@>", "<a b@c.test>", "<a@b..test>", "<a@b.test>x"]
)
def test_bad_paths(argument: str) -> None:
    with pytest.raises(BadArgument, match="^501 5"):
        parse_path(argument, null_allowed=True)


def test_parameters() -> None:
    text = " RET=hdrs ENVID=a+2Bb SIZE=10 BODY=8bitmime"
    assert parse_parameters(text, MAIL_PARAMETERS) == {
        "RET": "HDRS",
        "ENVID": "a+2Bb",
        "SIZE": "10",
        "BODY": "8BITMIME",
    }
    assert parse_parameters("orcpt=rfc822;Bob@A.test NOTIFY=failure,delay", RCPT_PARAMETERS) == {
        "ORCPT": "rfc822;Bob@A.test",
        "NOTIFY": "FAILURE,DELAY",
    }


@pytest.mark.parametrize(
    "text", ["NOTIFY=NEVER,DELAY", "NOTIFY=", "ORCPT=bob", "X=1", "NOTIFY=NEVER NOTIFY=NEVER"]
)
def test_bad_parameters(text: str) -> None:
    with pytest.raises(BadArgument, match="^5[05][15] 5.5.4 "):
        parse_parameters(text, RCPT_PARAMETERS)


def test_xtext_never_decodes_into_a_line_break() -> None:
    assert decode_xtext("a+2Bb+3D") == "a+b="
    assert decode_xtext("a+0D+0Ab") == "a+0D+0Ab"


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b".a"])).map(b"\r\n".join))
def test_dots_are_stuffed_at_line_starts_only(content: bytes) -> None:
    stuffed = stuff_dots(content)
    lines = [line[1:] if line.startswith(b".") else line for line in stuffed.split(b"\r\n")]
    assert b"\r\n".join(lines) == content
    assert b"\r\n.\r\n" not in b"\r\n" + stuffed + b"\r\n"


GOOD = """
hostname = "relay.test"
listen = "127.0.0.1:0"
resolver = "127.0.0.1:53"
spool = "s"
event_log = "e"
"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "key 'hostname' is missing"),
        ("hostname = 1", "key 'hostname': 1 is not valid; it must be a string"),
        (GOOD + "colour = 1", "unknown key 'colour'; valid keys: clock_offset_file, connector, control, "),
        (
            GOOD.replace("127.0.0.1:0", "relay.test:25"),
            "key 'listen': 'relay.test:25' is not valid; it must be an IP",
        ),
        (GOOD + "next_hop_port = true", "key 'next_hop_port': True is not valid; it must be a whole number"),
        (GOOD + "[schedule]\nretry_interval = 0", r"key 'retry_interval' in \[schedule\]: 0 is not valid"),
        (GOOD + "[schedule]\nretries = 0", r"unknown key 'retries' in \[schedule\]; valid keys: max_retry"),
        (GOOD + "[timeouts]\ncommand = nan", r"key 'command' in \[timeouts\]: nan is not valid"),
        (
            GOOD + "[connector]\ndomain = 'a'",
            r"key 'connector': .* it must be a list of tables, \[\[connector\]\]",
        ),
        (
            GOOD + "[[connector]]\ndomain = 'a.test'\ntls = 'yes'",
            r"key 'tls' in \[\[connector\]\] 1: 'yes' is not valid; it must be one of opportunistic, encryption_only",
        ),
        (
            GOOD + "[[connector]]\ndomain = 'a.*'",
            r"key 'domain' in \[\[connector\]\] 1: 'a\.\*' is not valid",
        ),
        (GOOD + "[[connector]]\ndomain = 'a.test'\nsmart_hosts = ['a b']", "key 'smart_hosts' in"),
        (GOOD + "[[connector]]\ndomain = 'a.test'\n" * 2, r"'a.test' has a connector already \(number 1\)"),
        (
            GOOD + "[[connector]]\ndomain = 'a.test'\ntls = 'domain_validation'",
            "key 'trust_anchors' is missing",
        ),
        (GOOD + "trust_anchors = '/nowhere/ca.pem'", "key 'trust_anchors': '/nowhere/ca.pem' is not valid"),
        ("hostname", "is not valid TOML"),
    ],
)
def test_configuration_errors_name_file_key_and_valid_values(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_the_example_is_valid() -> None:
    config = load(Path(reference.__file__).with_name("example.toml"))
    assert config.schedule == SCHEDULE
    assert config.connectors[0].smart_hosts == ("smtp.contoso.test", "10.1.2.3")


def test_defaults_are_those_of_the_source_document(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(GOOD)
    config = load(path)
    assert config.schedule == SCHEDULE
    assert config.next_hop_port == 25
    assert config.timeouts.data_done == config.timeouts.command == 300
