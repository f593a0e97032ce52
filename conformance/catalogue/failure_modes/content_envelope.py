"""Envelopes and contents that are not ordinary and can be carried, for a healthy server."""

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import MANY_HOSTS, TOO_MANY_HOSTS, Special
from conformance.witness.connections import delivered

_BIG = 4_000_000  # octets: many times what anybody reads at once, and less than a second on any wire
_HOPS_EACH = 15  # Received fields that each round of a loop adds, besides the relay's own

_PARTS = (
    b'--=_outer\r\nContent-Type: multipart/alternative; boundary="=_inner; \' "\r\n\r\n'
    b"--=_inner; ' \r\nContent-Type: text/plain\r\n\r\na text, and no boundary:\r\n--=_outer goes on\r\n"
    b"--=_inner; ' --\r\n\r\n--=_outer\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: <a@b.test>\r\nSubject: inner\r\n\r\nan inner message without a line end"
    b"\r\n--=_outer--\r\nan epilogue\r\n"
)
_NUL = b"a line with a NUL\0 in it\r\nand one without\r\n"
_MANY_FIELDS = tuple(b"X-Field-%d: " % number + b"word " * 14 + b"end" for number in range(200))


def _mode(name: str, section: Section, staged: str, message: Message) -> FailureMode:
    return FailureMode(
        name=name, section=section, staged=staged, kind=Kind.CONTENT, message=message, witness=delivered
    )


MODES = (
    _mode(
        "quoted_local_part",
        Section.CONTENT,
        "The recipient's local part is a quoted string with a blank, an at sign and a semicolon.",
        Message(special=Special(local='"two words; a@b"')),
    ),
    _mode(
        "atoms_of_all_signs",
        Section.CONTENT,
        "The recipient's local part has every sign that may stand there unquoted.",
        Message(special=Special(local="a!#$%&'*+-/=?^_`{|}~z")),
    ),
    _mode(
        "idn_domain",
        Section.CONTENT,
        "The recipient's domain has an internationalized label, in its ASCII form.",
        Message(special=Special(idn=True)),
    ),
    _mode(
        "same_recipient_twice",
        Section.CONTENT,
        "The same recipient is given twice.",
        Message(special=Special(twice=True)),
    ),
    _mode(
        "null_reverse_path",
        Section.CONTENT,
        "The message has the null reverse-path.",
        Message(special=Special(null_sender=True)),
    ),
    _mode(
        "parts_and_boundaries",
        Section.CONTENT,
        "The body has parts within parts, boundaries with quotes and blanks, lines that look like boundaries, and an "
        "epilogue.",
        Message(special=Special(body=_PARTS)),
    ),
    _mode(
        "many_fields",
        Section.CONTENT,
        f"The header has {len(_MANY_FIELDS)} more fields, {sum(map(len, _MANY_FIELDS)) // 1000},000 octets.",
        Message(special=Special(fields=_MANY_FIELDS)),
    ),
    _mode(
        "big", Section.CONTENT, f"The message has {_BIG:,} octets.", Message(octets=_BIG, special=Special())
    ),
    _mode(
        "nul_in_text",
        Section.CONTENT,
        "The text has a NUL in it, which nobody may send (RFC 5322 section 2.3).",
        Message(special=Special(body=_NUL, may_return=True)),
    ),
    _mode(
        "passed_99_hosts",
        Section.HOPS,
        f"The message has {MANY_HOSTS} Received fields.",
        Message(special=Special(received=MANY_HOSTS)),
    ),
    _mode(
        "passed_300_hosts",
        Section.HOPS,
        f"The message has {TOO_MANY_HOSTS} Received fields.",
        Message(special=Special(received=TOO_MANY_HOSTS)),
    ),
    _mode(
        "goes_around",
        Section.HOPS,
        "The next host sends each copy back to the relay, for the same recipient, with "
        f"{_HOPS_EACH} Received fields more.",
        Message(special=Special(sent_back=_HOPS_EACH)),
    ),
)
