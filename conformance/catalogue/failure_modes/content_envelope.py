"""Envelopes and contents that are not ordinary and can be carried, for a healthy server."""

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import MANY_HOSTS, TOO_MANY_HOSTS, Special
from conformance.witness.connections import delivered

_BIG = 2_000_000  # octets: many times what anybody reads at once, and less than a second on any wire
_HOPS_EACH = 15  # Received fields that each round of a loop adds, besides the relay's own

_PARTS = (
    b'--=_outer\r\nContent-Type: multipart/alternative; boundary="=_inner; \' "\r\n\r\n'
    b"--=_inner; ' \r\nContent-Type: text/plain\r\n\r\na text, and no boundary:\r\n--=_outer goes on\r\n"
    b"--=_inner; ' --\r\n\r\n--=_outer\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: <a@b.test>\r\nSubject: inner\r\n\r\nan inner message without a line end"
    b"\r\n--=_outer--\r\nan epilogue\r\n"
)
# Every buffer of whatever size ends before a dot, most of the time, whether that begins a line or not.
_DOTS = b"".join(b"x%s\r\n%s\r\n" % (b"." * 76, b"." * 70) for _ in range(1_500))
_BLIND = (b"Bcc: <hidden@origin.test>",)
_NAMES = (b"Cc: Pat O'Neil <pat@origin.test>, <plain@origin.test>", b"Reply-To: Pat O'Neil <pat@origin.test>")
_NUL = b"a line with a NUL\0 in it\r\nand one without\r\n"
_MANY_FIELDS = (
    *(b"X-Field-%d: " % number + b"word " * 14 + b"end" for number in range(200)),
    b"X-Folded-Often: begin\r\n"
    + b"".join(b" %04d %s\r\n" % (n, b"word " * 13) for n in range(500))
    + b" end",
)
_ODD_FIELDS = (
    b"X-Empty:",
    b"X-Close:value",
    b"x-sMall: Value",
    b"X-Twice: 1",
    b"X-Twice: 2",
    b"X-Tab:\tvalue\twith tabs",
)
# All but NUL, CR, LF and the tab: some libraries end lines at a few of them.
_CONTROLS = b"".join(
    b"before %c and behind\r\n" % each for each in (*range(1, 9), 11, 12, *range(14, 32), 127)
)


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
        "dots_everywhere",
        Section.CONTENT,
        f"The text has {len(_DOTS) // 1000},000 octets of dots, at the beginning of lines and elsewhere.",
        Message(special=Special(body=_DOTS)),
    ),
    _mode(
        "blind_copy_field",
        Section.CONTENT,
        "The header has a Bcc field.",
        Message(special=Special(fields=_BLIND)),
    ),
    _mode(
        "names_in_fields",
        Section.CONTENT,
        "The header names people with an apostrophe, without quotes, which nobody needs.",
        Message(special=Special(fields=_NAMES)),
    ),
    _mode(
        "odd_fields",
        Section.CONTENT,
        "The header has a field without a value, one without a blank, one in mixed case, one that is there twice, and "
        "one with tabs.",
        Message(special=Special(fields=_ODD_FIELDS)),
    ),
    _mode(
        "control_characters",
        Section.CONTENT,
        "The text has every control character but NUL, CR, LF and the tab.",
        Message(special=Special(body=_CONTROLS)),
    ),
    _mode(
        "many_fields",
        Section.CONTENT,
        f"The header has {len(_MANY_FIELDS)} more fields, one of them in 500 lines.",
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
