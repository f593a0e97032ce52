"""What was changed of a message on its way, one change after the other, with the octets before and after.

A mail object is envelope and content (RFC 5321 section 2.3.1). A relay adds trace fields and changes nothing else
(sections 3.6.3 and 4.4): every field that was sent is there with its value, in its order, and the body is the same
octet for octet; of an address only the domain may change its case (section 2.4). A field that is only folded otherwise
means what it meant (RFC 5322 section 2.2.3), and so does a text that is only encoded (RFC 2045 section 6): what changes
is the *form*.

Each change is of a *sort*, so that one that a relay makes of every message can be told from one that a fault made.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.connections import Connection
from conformance.evidence.record import Staged
from conformance.evidence.reports import without_comments
from conformance.judging.addresses import canonical
from conformance.judging.lines import changed_lines, instead, told
from fake_servers import Stage
from fake_servers.addresses import in_ascii
from fake_servers.events import SmtpBody, SmtpMessage, SmtpReceived

# Sorts of changes that are none of the meaning.
FORM = "form"
ENCODED = "encoded"

# Another sender, or another recipient, than the one that was given.
REVERSE_PATH = "reverse-path"
PATH = "forward-path"

# A field was added as if it were missing, and is there twice.
DOUBLED = "doubled"

# Sorts that no habit explains: a part is missing, there twice, or another message's.
CUT = "cut short"
REPEATED = "repeated"
MIXED = "mixed"

# What a server may add where it is missing (RFC 6409 section 8, RFC 5321 section 6.4), and nowhere else: a message has
# one of each (RFC 5322 section 3.6).
_ADDED_IF_MISSING = (b"date", b"from", b"message-id")

# What ends a header; a message without a body may do without (RFC 5322 section 3.5).
_BLANK = b"\r\n\r\n"
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_MARK = re.compile(rb"scenario-[0-9a-f]{12}")
_ENCODING = b"content-transfer-encoding"
# So many words are the end of a text; somebody may have added others below.
_LAST = 3
# Whoever prepares a message takes it out (RFC 5322 section 3.6.3), and who submits one may leave that to the relay.
_BLIND = b"bcc"
# Octets of the longest line without its end (RFC 5322 section 2.1.1), and the field that stands behind a longer one.
_LONGEST = 998
_BEHIND = b"X-Behind:"


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        sort: What two changes have in common that a relay makes in the same way of two messages.
        text: What was changed, in words.
    """

    sort: str
    text: str


def changes(staged: Staged, message: SmtpMessage) -> list[Change]:
    """Return what differs between a message as it arrived and as it was submitted, envelope included.

    Of several recipients each message may have some.
    """
    return [*_of_envelope(staged, message), *content_changes(staged.content, message.content)]


def content_changes(sent: bytes, received: bytes) -> list[Change]:
    """Return what differs between a received content and the one sent, beyond added header fields.

    To add a field as missing that is there is a difference (RFC 5322 section 3.6).
    """
    doubled = _doubled(_split(sent)[0], _split(received)[0])
    return [*_other_changes(sent, received), *doubled]


def _doubled(sent: list[bytes], received: list[bytes]) -> Iterator[Change]:
    before, now = Counter(map(_name, sent)), Counter(map(_name, received))
    for name in _ADDED_IF_MISSING:
        if now[name] > before[name] == 1:
            yield Change(DOUBLED, f"the header has {now[name]} fields {name.decode('ascii')}, and had one")


def _other_changes(sent: bytes, received: bytes) -> list[Change]:
    if received.endswith(sent) and _is_fields(received[: len(received) - len(sent)]):
        return []
    sent_fields, sent_body = _split(sent)
    received_fields, received_body = _split(received)
    if _BLANK in sent and _BLANK not in received and not sent_body:
        return [
            Change(FORM, "the empty line behind the header is missing"),
            *_of_header(sent_fields, received_fields),
        ]
    encoding = _encoding(received_fields)
    if encoding != _encoding(sent_fields) and sent_body != received_body:
        decoded = _decoded(received_body, encoding)
        if decoded is not None:
            sent_fields = [field for field in sent_fields if _name(field) != _ENCODING]
            how = encoding.decode("ascii", "replace")
            encoded = Change(ENCODED, f"the text is encoded as {how}, and was {told(sent_body)} before")
            return [*_of_body(sent_body, decoded), encoded, *_of_header(sent_fields, received_fields)]
    return [*_of_body(sent_body, received_body), *_of_header(sent_fields, received_fields)]


def is_cut_short(sent: bytes, received: bytes) -> bool:
    """Tell whether the end of a body is missing, whatever else became of it."""
    was = _split(sent)[1].split()
    fields, body = _split(received)
    decoded = _decoded(body, _encoding(fields))
    now = b" ".join((body if decoded is None else decoded).split())
    last = b" ".join(was[-_LAST:])
    return bool(last) and now.count(last) < b" ".join(was).count(last)  # it may stand further up as well


def dots_taken_off(connection: Connection, copy: SmtpMessage) -> list[int]:
    """Return how many dots a server took off the lines of a copy (RFC 5321 section 4.5.2); none if it came by BDAT."""
    body: SmtpBody | None = None
    by_data = False
    for event in connection.events:
        match event:
            case SmtpReceived(stage=stage):
                body = None
                by_data = stage is Stage.DATA
            case SmtpBody() if by_data:
                body = event
            case SmtpMessage() if event is copy:
                return [] if body is None else [body.octets - len(copy.content)]
    return []


def bare_ends(content: bytes) -> int:
    """Return how often a CR or LF stands alone in a content (RFC 5321 section 2.3.8)."""
    return len(re.findall(rb"\r(?!\n)|(?<!\r)\n", content))


def lost_of_long_lines(sent: bytes, received: bytes) -> list[str]:
    """Return what is missing, in words, of the lines that are longer than any may be, and of the header behind them.

    Who breaks a line puts blanks into it, and some an exclamation mark in front; who encodes a text loses nothing.
    """
    fields, body = _split(received)
    decoded = _decoded(body, _encoding(fields))
    text = _squeezed(body if decoded is None else decoded)
    header = [_squeezed(each) for each in fields]
    sent_fields, sent_body = _split(sent)
    found = [
        f"the header has no whole field {told(each.partition(b':')[0])}"
        for each in sent_fields
        if (len(each) > _LONGEST or each.startswith(_BEHIND)) and _squeezed(each) not in header
    ]
    lines = [line for line in sent_body.split(b"\r\n") if len(line) > _LONGEST]
    return found + [f"{told(line)} is not whole" for line in lines if _squeezed(line) not in text]


def _squeezed(octets: bytes) -> bytes:
    return re.sub(rb"[!\s]+", b"", octets)


def _is_fields(octets: bytes) -> bool:
    """Tell whether octets in front of a message are whole header fields, or none."""
    return not octets or (octets.endswith(b"\r\n") and b"\r\n\r\n" not in octets)


def may_hide_the_sender(mode: FailureMode, message: SmtpMessage, greetings: Iterable[str]) -> bool:
    """Tell whether a message may have the null reverse-path though it was submitted with another one.

    A server that does not offer DSN cannot be told that the sender wants no report at all, so a relay may see to it in
    this way (RFC 3461 section 5.2.2 d). To one who says HELO nothing is offered.
    """
    special = mode.message.special
    wish = special.dsn if special is not None else None
    offered = any(line.upper() == "DSN" for host in mode.hosts for line in host.extensions)
    known = offered and "EHLO" in greetings
    return wish is not None and wish.notify == "NEVER" and not known and not message.mail_from


def _of_envelope(staged: Staged, message: SmtpMessage) -> Iterator[Change]:
    wanted = "" if staged.null_path else staged.sender
    if _same_case(message.mail_from) != _same_case(wanted):
        text = f"the reverse-path is <{message.mail_from}> instead of <{wanted}>"
        yield Change(REVERSE_PATH, text)
    everybody = [_same_case(address) for address in (staged.recipient, *staged.others)]
    international = "SMTPUTF8" in map(str.upper, message.options)
    # to a server that is told SMTPUTF8 either form of a domain can be written (RFC 6531 section 3.3)
    spelt = map(in_ascii, message.recipients) if international and _ascii(everybody) else message.recipients
    paths = [_before_aliases(_same_case(address), staged) for address in spelt]
    if paths != everybody and [*map(canonical, paths)] == [*map(canonical, everybody)]:
        yield Change(FORM, f"the forward-path is <{'>, <'.join(message.recipients)}>: only other quotes")
        return
    if not paths or len(set(paths)) < len(paths) or not set(paths) <= set(everybody):
        wanted = "> or <".join((staged.recipient, *staged.others))
        text = f"the forward-path is <{'>, <'.join(message.recipients)}> instead of <{wanted}>"
        yield Change(PATH, text)


def _before_aliases(address: str, staged: Staged) -> str:
    """Return an address at the recipient domain, if it is at the name that this is an alias of.

    Some relays write the one for the other, as they once had to (RFC 1123 section 5.2.2).
    """
    local, _, domain = address.rpartition("@")
    written = staged.alias_of and domain == staged.alias_of.lower()
    return f"{local}@{staged.domain.lower()}" if written else address


def _ascii(addresses: Iterable[str]) -> bool:
    return all(map(str.isascii, addresses))


def _same_case(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()


def _of_header(sent: list[bytes], received: list[bytes]) -> Iterator[Change]:
    """Yield a change for each field that was sent and is not there as it was, after the one before."""
    at = 0
    for wanted in sent:
        found = _found(wanted, received, at)
        if found is None:
            yield _lost_field(wanted, received)
            continue
        at = found + 1
        if received[found] != wanted:
            name = wanted.partition(b":")[0].decode("ascii", "replace")
            yield Change(
                FORM,
                f"the header field {name} is {instead(received[found], wanted)}: only folds and blanks",
            )


def _found(wanted: bytes, received: list[bytes], at: int) -> int | None:
    """Return where a field is, from a place on: as it was sent, or else with other folds and blanks."""
    for same in (bytes, _without_folds, _without_blanks):
        for number in range(at, len(received)):
            if same(received[number]) == same(wanted):
                return number
    return None


def _without_folds(field: bytes) -> bytes:
    return _FOLD.sub(b"", field)


def _without_blanks(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    return name.lower() + b":" + b"".join(value.split())


def _lost_field(wanted: bytes, received: list[bytes]) -> Change:
    name = _name(wanted)
    word = wanted.partition(b":")[0].decode("ascii", "replace")
    others = [field for field in received if _name(field) == name]
    if any(_without_blanks(field) == _without_blanks(wanted) for field in others):
        text = f"the header field {word} was moved before others that stood above it"
    elif others:
        text = f"the header field {word} is {instead(others[-1], wanted)}"
    else:
        text = f"the header field {word} is missing"
        if name == _BLIND:
            return Change(FORM, text)
    return Change(f"field {word.lower()}", text)


def _of_body(sent: bytes, received: bytes) -> list[Change]:
    if sent == received:
        return []
    foreign = set(_MARK.findall(received)) - set(_MARK.findall(sent))
    if foreign and _MARK.search(sent):
        return [Change(MIXED, f"the body has lines of another message, {foreign.pop().decode('ascii')}")]
    if _ends_too_soon(sent, received):
        text = f"the body ends after {len(received)} of {len(sent)} octets, in {told(received[-40:])}"
        return [Change(CUT, text)]
    more = received[len(sent) :]
    if more.strip() and received.startswith(sent) and (sent.startswith(more) or sent.endswith(more)):
        return [Change(REPEATED, f"{len(more)} octets of the body are there twice, at its end")]
    return [Change(sort, text) for sort, text in changed_lines(sent, received)]


def _ends_too_soon(sent: bytes, received: bytes) -> bool:
    """Tell whether the end is missing: nothing else differs, or lines are missing, and the last is one of them."""
    if sent.startswith(received.rstrip()) and len(received.rstrip()) < len(sent.rstrip()):
        return True
    was, now = sent.split(b"\r\n"), received.split(b"\r\n")
    last = next((line for line in reversed(was) if line.strip()), b"")
    return len(now) < len(was) and last not in now


def _split(message: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = message.partition(_BLANK)
    return re.split(rb"\r\n(?![ \t])", head.removesuffix(b"\r\n")), body


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().lower()


def _value(fields: list[bytes], name: bytes) -> bytes:
    values = [field.partition(b":")[2].strip().lower() for field in fields if _name(field) == name]
    return values[-1] if values else b""


def _encoding(fields: list[bytes]) -> bytes:
    """Return how a body is encoded; comments may stand beside it (RFC 2045 section 6.1, RFC 5322 section 3.2.2)."""
    return without_comments(_value(fields, _ENCODING).decode("latin-1")).encode("latin-1")


def _decoded(body: bytes, encoding: bytes) -> bytes | None:
    """Return the octets that a body stands for; None: it is not encoded."""
    if encoding == b"quoted-printable":
        return re.sub(rb"\r?\n", b"\r\n", quopri.decodestring(body))
    if encoding == b"base64":
        try:
            return binascii.a2b_base64(body)
        except binascii.Error:
            return None
    return None
