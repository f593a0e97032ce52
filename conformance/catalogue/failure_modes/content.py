"""Messages that are not ordinary, for a healthy server: each must arrive as it was sent.

A relay changes nothing of a message but that it adds trace fields (RFC 5321 section 3.6.3). What else can be special
about one, and is no proper message, stands in `content_bare.py`.
"""

from conformance.catalogue.destination import Host, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import LONGEST_LINE, LONGEST_PATH, Special
from conformance.witness.connections import delivered
from fake_servers import Reply, Rule, Stage

_WITHOUT_LINE_END = LONGEST_LINE - 2
_LONG_FIELD = 600  # octets in one line, far more than anybody folds at
_UNBROKEN = 200  # octets without a blank, where nobody can fold

_DOTS = (".", "..", ".a line that begins with a dot", "a line that does not", ".")
_BLANKS = ("a line that ends with a blank ", "one that ends with a tab\t", "and one of blanks only:", "   ")
_FROM = ("From a line that begins with this word", ">From another one", "the last line")
_EIGHT_BIT = ("Gr\u00fc\u00dfe aus K\u00f6ln, \u65e5\u672c\u8a9e", "and a line in ASCII")
_LATIN1 = ("Gr\u00fc\u00dfe aus K\u00f6ln", "and a line in ASCII")
_FIELDS = (
    b"X-Folded: one\r\n two\r\n\tthree",
    b"Cc: <one.{author}>,\r\n <two.{author}>,\r\n\t<three.{author}>",
    b"X-Long: " + b" ".join([b"word"] * (_LONG_FIELD // 5)),
    b"X-Unbroken: " + b"x" * _UNBROKEN,
)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _mode(
    name: str, section: Section, staged: str, special: Special, host: Host | None = None
) -> FailureMode:
    return FailureMode(
        name=name,
        section=section,
        staged=staged,
        kind=Kind.CONTENT,
        hosts=(host or Host(),),
        message=Message(special=special),
        witness=delivered,
    )


MODES = (
    _mode(
        "line_of_998",
        Section.CONTENT_SIZE,
        f"The message has lines of {_WITHOUT_LINE_END} octets, {LONGEST_LINE} with their line ends.",
        Special(body=_lines("x" * _WITHOUT_LINE_END, "a short line", "y" * _WITHOUT_LINE_END), obliged=True),
    ),
    _mode(
        "path_of_256",
        Section.CONTENT_SIZE,
        f"The forward-path has {LONGEST_PATH} octets: a local part of 64, and a domain of four long labels.",
        Special(path=LONGEST_PATH, obliged=True),
    ),
    _mode(
        "leading_dots",
        Section.CONTENT,
        "Lines of the message begin with a dot, or are nothing else.",
        Special(body=_lines(*_DOTS)),
    ),
    _mode(
        "trailing_blanks",
        Section.CONTENT,
        "Lines of the message end with blanks and tabs.",
        Special(body=_lines(*_BLANKS)),
    ),
    _mode(
        "from_lines",
        Section.CONTENT,
        'Lines of the message begin with "From ".',
        Special(body=_lines(*_FROM)),
    ),
    _mode("empty_body", Section.CONTENT, "The message has a header and no body.", Special(body=b"")),
    _mode(
        "header_alone",
        Section.CONTENT,
        "The message is a header, without so much as the empty line behind it (RFC 5322 section 3.5).",
        Special(header_alone=True),
    ),
    _mode(
        "eight_bit_latin1",
        Section.CONTENT,
        "The text is ISO 8859-1, submitted with BODY=8BITMIME; the server offers 8BITMIME.",
        Special(body=_lines(*_LATIN1).decode().encode("latin-1"), eight_bit=True, charset="iso-8859-1"),
    ),
    _mode(
        "long_header_fields",
        Section.CONTENT,
        f"The header has folded fields, one of {_LONG_FIELD} octets in one line, and one of {_UNBROKEN} octets "
        "without a blank.",
        Special(fields=_FIELDS),
    ),
    _mode(
        "rare_field_forms",
        Section.CONTENT,
        "The names of fields are in capital or in small letters (RFC 5322 section 1.2.2), and the Message-ID stands in "
        "a line of its own behind the name of its field (section 2.2.3).",
        Special(rare_forms=True),
    ),
    _mode(
        "mixed_case",
        Section.CONTENT,
        "The local parts of sender and recipient have capital letters.",
        Special(mixed_case=True),
    ),
    _mode(
        "eight_bit",
        Section.CONTENT,
        "The text is UTF-8, submitted with BODY=8BITMIME; the server offers 8BITMIME.",
        Special(body=_lines(*_EIGHT_BIT), eight_bit=True),
    ),
    _mode(
        "eight_bit_not_offered",
        Section.CONTENT,
        "The text is UTF-8, submitted with BODY=8BITMIME; the server does not offer 8BITMIME.",
        Special(body=_lines(*_EIGHT_BIT), eight_bit=True),
        Host(extensions=offer_without("8BITMIME", "SMTPUTF8")),
    ),
    _mode(
        "special_content_retried",
        Section.CONTENT,
        'Lines of the message begin with a dot or "From ", and end with blanks; the server answers RCPT on the first '
        'connection with "451 4.3.2 Try again later", and then accepts.',
        Special(body=_lines(*_FROM, *_DOTS, *_BLANKS)),
        Host(rules=(Rule(Stage.RCPT, Reply(451, "4.3.2 Try again later"), connections=range(1, 2)),)),
    ),
)
