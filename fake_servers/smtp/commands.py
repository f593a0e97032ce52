"""The little of SMTP's grammar that a server must understand (RFC 5321, section 4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fake_servers.smtp.content import MAX_MESSAGE_OCTETS
from fake_servers.stages import Stage

# What a server answers to a command that it does not offer, unless a script says otherwise (RFC 5321, section 4.2.4).
NOT_IMPLEMENTED = (502, "5.5.1 Command not implemented")

_JOURNAL_LIMIT = 1024  # octets of a raw reply that the journal shows

# RFC 5321, sections 4.1.1.2 and 4.1.1.3: a path, then parameters. A quoted local part may hold a ">".
_PATH = re.compile(r'\s*<(?P<address>(?:"(?:\\.|[^"\\])*"|[^">])*)>(?:\s+(?P<parameters>.*))?\s*', re.DOTALL)
_CHUNK = re.compile(r"(?P<octets>[0-9]{1,20})(?P<last>\s+LAST)?", re.IGNORECASE)  # RFC 3030, section 2
_PARAMETER = re.compile(r"(?P<keyword>[A-Za-z0-9][A-Za-z0-9-]*)(?:=[!-<>-~]+)?")

_DSN = {"FROM": {"RET", "ENVID"}, "TO": {"NOTIFY", "ORCPT"}}  # RFC 3461, section 4
_DEFINED: dict[str, dict[str, set[str]]] = {
    "SIZE": {"FROM": {"SIZE"}, "TO": set()},  # RFC 1870, section 3
    "8BITMIME": {"FROM": {"BODY"}, "TO": set()},  # RFC 6152, section 2
    "DSN": _DSN,
    "SMTPUTF8": {"FROM": {"SMTPUTF8"}, "TO": set()},  # RFC 6531, section 3.4
    "AUTH": {"FROM": {"AUTH"}, "TO": set()},  # RFC 4954, section 5: also of who is not authenticated
    "DELIVERBY": {"FROM": {"BY"}, "TO": set()},  # RFC 2852, section 4
}
# Extensions whose parameters aiosmtpd does not know; of them nobody here heeds any but those of DSN.
FOREIGN = ("DSN", "AUTH", "DELIVERBY")


@dataclass(frozen=True, slots=True)
class Path:
    """The argument of MAIL or RCPT.

    Attributes:
        address: Without angle brackets; empty for the null reverse-path.
        parameters: As sent, in order.
    """

    address: str
    parameters: tuple[str, ...] = ()

    def unoffered(self, keyword: Literal["FROM", "TO"], offered: frozenset[str]) -> tuple[str, ...]:
        """Return the parameters that no offered extension defines, as sent."""
        if not self.parameters:
            return ()
        known = {word for name in offered & _DEFINED.keys() for word in _DEFINED[name][keyword]}
        return tuple(word for word in self.parameters if word.partition("=")[0].upper() not in known)

    def value(self, parameter: str) -> str | None:
        """Return the value of a parameter, in capitals; empty if it has none, None if it was not sent."""
        for word in self.parameters:
            name, _, value = word.upper().partition("=")
            if name == parameter:
                return value
        return None


def parse_path(argument: str, keyword: Literal["FROM", "TO"]) -> Path | None:
    """Read the argument of MAIL or RCPT; None if it is malformed."""
    if argument[: len(keyword) + 1].upper() != keyword + ":":
        return None
    match = _PATH.fullmatch(argument[len(keyword) + 1 :])
    if match is None:
        return None
    parameters = tuple((match["parameters"] or "").split())
    if not all(_PARAMETER.fullmatch(word) for word in parameters):
        return None
    return Path(match["address"], parameters)


def parse_chunk(argument: str) -> tuple[int, bool] | None:
    """Read the argument of BDAT: how many octets follow, and whether they are the last; None if it is malformed."""
    match = _CHUNK.fullmatch(argument)
    return match and (int(match["octets"]), match["last"] is not None)


def plainer(path: Path, keyword: Literal["FROM", "TO"]) -> str:
    """Return the argument of MAIL or RCPT that a path is, without parameters that aiosmtpd does not know."""
    unknown = {word for name in FOREIGN for word in _DEFINED[name][keyword]}
    kept = [word for word in path.parameters if word.partition("=")[0].upper() not in unknown]
    return " ".join([f"{keyword}:<{path.address}>", *kept])


# RFC 2034, section 4: what a class of replies means where nobody has said it more closely, and where it is known.
_STATUS = {"2": "2.0.0", "4": "4.3.0", "5": "5.5.1"}
_STATUS_OF = {
    "250 mail": "2.1.0",
    "250 rcpt": "2.1.5",
    "500": "5.5.2",
    "501": "5.5.4",
    "552": "5.3.4",
    "555": "5.5.4",
}
_WITHOUT_STATUS = (Stage.GREETING, Stage.EHLO, Stage.EHLO_TLS)
_HAS_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?: |$)")


def with_status(reply: str, stage: Stage) -> str:
    """Return a reply with an enhanced status code, if it must have one and has none (RFC 2034, section 4)."""
    code, text = reply[:3], reply[4:]
    if stage in _WITHOUT_STATUS or code[:1] not in _STATUS or _HAS_STATUS.match(text):
        return reply
    status = _STATUS_OF.get(f"{code} {stage}") or _STATUS_OF.get(code) or _STATUS[code[0]]
    return f"{code} {status} {text}"


def ehlo_lines(
    hostname: str, *, starttls: bool, extensions: tuple[str, ...], mixed_case: bool = False
) -> tuple[str, ...]:
    """Return the text lines of a positive reply to EHLO (RFC 5321, section 4.1.1.1)."""
    offered = [f"SIZE {MAX_MESSAGE_OCTETS}" if line == "SIZE" else line for line in extensions]
    lines = (*offered, *(["STARTTLS"] if starttls else []), "HELP")
    return (hostname, *(map(str.title, lines) if mixed_case else lines))


def keywords(lines: Iterable[str]) -> frozenset[str]:
    """Return the keywords of extensions, each given with or without its parameters."""
    return frozenset(line.split()[0].upper() for line in lines if line.strip())


def offered_by(reply: bytes) -> frozenset[str]:
    """Return the keywords of the extensions that a reply to EHLO offers: all but its first line."""
    return keywords(line[4:] for line in readable(reply).splitlines()[1:])


def size_limit(extensions: tuple[str, ...]) -> int:
    """Return the octets of content that extensions allow (RFC 1870): as SIZE says, or else the maximum."""
    for line in extensions:
        keyword, _, octets = line.partition(" ")
        if keyword == "SIZE" and octets.strip("0"):  # zero is no limit
            return int(octets)
    return MAX_MESSAGE_OCTETS


def shortened(data: bytes) -> str:
    """Return octets as `readable` does; of very many only the head, and how many there are."""
    if len(data) <= _JOURNAL_LIMIT:
        return readable(data)
    return f"{readable(data[:_JOURNAL_LIMIT])}... ({len(data)} octets)"


def decoded(line: bytes) -> str:
    """Return a command as text: UTF-8 (RFC 6531, section 3.2), or as `readable` does what is not that either."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return readable(line)


def readable(data: bytes) -> str:
    """Return octets as text for the journal; what is not ASCII shows as an escape."""
    return data.decode("ascii", "backslashreplace")
