"""Whether what a report says is true: of whom it speaks, what was replied to that one, by whom and when.

How its fields have to look is a question of the form (`report_form.py`). Here a field that is missing is wrong only
where it must be there for what the sender asked; one that is there must not say what is not so.

Each function returns complaints in words; an empty list means that nothing is wrong.
"""

from __future__ import annotations

import email.utils
import html
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from email.message import Message

from conformance.catalogue.special import Dsn
from conformance.evidence import codes
from conformance.evidence.report_addresses import address_of, type_of
from conformance.evidence.reports import (
    RecipientReport,
    field_groups,
    is_encoded_message,
    octets_of,
    parsed,
    read_report,
    recipient_groups,
    without_comments,
    words,
)
from conformance.judging.addresses import canonical, may_mean, unquoted
from conformance.judging.case import Case
from conformance.judging.verdict import Finding
from fake_servers import Reply

# Seconds by which two clocks, or two roundings, may differ.
_NEAR = 60.0

_FINAL = "Final-Recipient"
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")
# What stands in HTML where a word may be broken, and is not seen.
_MARK = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile("[\u00ad\u200b\u2060]")

# What must not stand before an IP address and, with a letter or a digit behind it, behind it, by version.
_AROUND = {4: (":", r"\."), 6: ("", "[.:]")}

# What says of a message that it arrived, unless a word in the same sentence takes it back.
_CLAIM = re.compile(
    r"\b(?:(?:has|have) been|was|were|is) (?:successfully )?(?:delivered|relayed)\b"
    r"|\bsuccessfully (?:delivered|relayed)\b"
)
_TAKEN_BACK = re.compile(
    r"\b(?:not|no|never|un\w+|cannot|could|fail\w*|if|until|before|after|when|would|n?either|nor|nothing|none|nobody"
    r"|others?|rest|refus\w+|reject\w+|too late)\b|n't\b"
)


def truth(case: Case, slot: str, expected: str, wrong: list[str]) -> Finding:
    """Return the finding that nothing is wrong, or what is."""
    return case.finding(
        slot, holds=not wrong, expected=expected, observed="; ".join(wrong) or "as expected", conclusive=True
    )


def misnamed(content: bytes, recipients: Sequence[str]) -> list[str]:
    """Complain about a Final-Recipient that is none of the recipients of the envelope."""
    known = {canonical(each) for each in recipients}
    had = ", ".join(f"<{each}>" for each in recipients)
    return [
        f"Final-Recipient is {each.final_recipient or 'missing'}, the envelope had {had}"
        for each in read_report(content).recipients
        if canonical(each.final_recipient) not in known
    ]


def of_another(content: bytes, replies: Mapping[str, Reply], stale: Iterable[Reply] = ()) -> list[str]:
    """Complain about what is said of one recipient, and was replied to another one, or before.

    Args:
        content: The report.
        replies: What each recipient was refused with, by its address.
        stale: What was replied to all of them before that, and decided nothing.
    """
    own = {canonical(address): reply for address, reply in replies.items()}
    found: list[str] = []
    for said in read_report(content).recipients:
        mine = own.get(canonical(said.final_recipient))
        if mine is not None:
            others = [*(each for each in own.values() if each != mine), *stale]
            found += _of_another(said, mine, others)
    return found


def _of_another(said: RecipientReport, mine: Reply, others: Iterable[Reply]) -> Iterator[str]:
    status, told = codes.read(mine.text).status, _plain(said.diagnostic)
    for other in others:
        theirs = codes.read(other.text)
        if said.status == theirs.status != status or (
            theirs.code[:1] == "4" and said.status[1:] == theirs.status[1:] != status[1:]
        ):
            yield f"Status of <{said.final_recipient}> is {said.status}, of the reply {other.text!r}"
        if _plain(theirs.rest) in told and _plain(codes.read(mine.text).rest) not in told:
            yield f"Diagnostic-Code of <{said.final_recipient}> is {said.diagnostic}, and the reply was {mine.text!r}"


def not_remote(content: bytes, servers: Iterable[str]) -> list[str]:
    """Complain about a Remote-MTA that is none of the servers that refused, by name or address.

    An address may stand in brackets, as literals do (RFC 3464 section 2.1.2, RFC 5321 section 4.1.3), or without; a
    name does not, and each is there from its beginning to its end.
    """
    known = [each.lower() for each in servers]
    return [
        f"Remote-MTA is {each.remote_mta}, and the servers were {', '.join(known)}"
        for each in read_report(content).recipients
        if each.remote_mta and not any(_is_named(server, each.remote_mta.lower()) for server in known)
    ]


def _is_named(server: str, text: str) -> bool:
    """Tell whether a name or an address is one of the words of a text, all in small letters."""
    # what must not stand before it: a label; before a name a bracket, before an IPv4 address the tag of another kind
    before, behind = _AROUND.get(_version(server), (r"\[", r"\."))
    return bool(re.search(rf"(?<![\w.{before}-]){re.escape(server)}(?![\w-]|{behind}\w)", text))


def _version(server: str) -> int:
    """Return the version of an IP address; 0 for a name."""
    try:
        return ipaddress.ip_address(server).version
    except ValueError:
        return 0


def not_reporting(content: bytes, others: Iterable[str]) -> list[str]:
    """Complain about a Reporting-MTA that is another host."""
    groups = field_groups(parsed(content))[:1]
    named = [
        without_comments(group.get("Reporting-MTA")).rpartition(";")[2].strip().lower() for group in groups
    ]
    known = {each.lower() for each in others}
    return [f"Reporting-MTA is {name}" for name in named if name.strip("[].") in known]


def out_of_time(content: bytes, original: bytes) -> list[str]:
    """Complain about dates before the message was made, or after its report was."""
    made, reported = _date(parsed(original).get("Date")), _date(parsed(content).get("Date"))
    found = []
    for group in field_groups(parsed(content)):
        for name in ("Arrival-Date", "Last-Attempt-Date"):
            at = _date(group.get(name))
            if at is not None and made is not None and at < made - _NEAR:
                found.append(f"{name} is {group[name]}, {made - at:.0f} s before the message was made")
            if at is not None and reported is not None and at > reported + _NEAR:
                found.append(f"{name} is {group[name]}, {at - reported:.0f} s after the report was made")
    return found


def without_envelope_id(content: bytes, dsn: Dsn) -> list[str]:
    """Complain unless the report bears the envelope identifier, all of it decoded or as it was given."""
    said = [
        " ".join(str(group.get("Original-Envelope-Id") or "").split())
        for group in field_groups(parsed(content))[:1]
    ]
    return (
        []
        if {*said} & {dsn.envid, _decoded(dsn.envid)}
        else [f"Original-Envelope-Id is {said[0:1] or 'missing'}"]
    )


def without_original_recipient(content: bytes, dsn: Dsn) -> list[str]:
    """Complain unless the report bears the original recipient, all of it decoded or as it was given."""
    wanted = dsn.orcpt.partition(";")[2]
    found = []
    for group in recipient_groups(parsed(content)):
        if address_of(group, "Original-Recipient") not in (wanted, _decoded(wanted)):
            found.append(f"Original-Recipient is {group.get('Original-Recipient') or 'missing'}")
    return found


def other_part(content: bytes, original: bytes, dsn: Dsn) -> list[str]:
    """Complain if all of the message came back where its header was asked for, or the other way round."""
    last = original.rstrip().rpartition(b"\r\n")[2]
    returned = any(last in octets_of(part) for part in _leaves(parsed(content)))
    if dsn.ret == "HDRS" and returned:
        return ["the text of the message came back, and RET=HDRS was asked for"]
    if dsn.ret == "FULL" and not returned:
        return ["the text of the message did not come back, and RET=FULL was asked for"]
    return []


def spelled_otherwise(content: bytes, recipient: str) -> list[str]:
    """Complain about a Final-Recipient of type utf-8 that is another than the envelope had, however it is spelled.

    One of another type cannot name who is beyond ASCII, and octets that are no UTF-8 are not read.
    """
    found = []
    for group in recipient_groups(parsed(content)):
        kind, said = type_of(group, _FINAL), address_of(group, _FINAL)
        unread = kind != "utf-8" or "\ufffd" in said
        if not unread and not may_mean(said) & may_mean(recipient):
            value = without_comments(group.get(_FINAL))
            found.append(f"{_FINAL} is {value}, the envelope had {recipient}")
    return found


def wrong_words(content: bytes, original: bytes, failed: Iterable[str], served: Iterable[str]) -> list[str]:
    """Complain about what is said to people: who failed is not named, or who did not is.

    In HTML there may be marks within an address, by which nobody is kept from reading it.
    """
    said = words(content, original)
    dense, unmarked = (_dense(text) for text in (said, _MARK.sub("", said)))
    found = [
        f"nobody is told of <{each}>"
        for each in failed
        if not any(form in dense or form in unmarked for form in _forms(each))
    ]
    found += [
        f"<{each}> is named, who got the message" for each in served if "".join(each.split()).lower() in dense
    ]
    return found


def _dense(text: str) -> str:
    return "".join(_UNSEEN.sub("", html.unescape(text)).split()).lower()


def claims(content: bytes, original: bytes) -> list[str]:
    """Complain about a sentence for people by which the message was delivered."""
    said = html.unescape(words(content, original)).lower()
    found = []
    for sentence in re.split(r"[.!?;:]\s|\n\s*\n", " ".join(said.split("\n"))):
        claim = _CLAIM.search(sentence)
        if claim is not None and not _TAKEN_BACK.search(sentence):
            found.append(f"it says {' '.join(sentence.split())!r}")
    return found


def addressed_otherwise(content: bytes, sender: str) -> list[str]:
    """Complain unless the header of a report is addressed to the sender."""
    fields = [str(value) for value in parsed(content).get_all("To") or []]
    named = [address.lower() for _, address in email.utils.getaddresses(fields)]
    return [] if sender.lower() in named else [f"To is {', '.join(fields) or 'missing'}"]


def _forms(address: str) -> list[str]:
    """Return how an address may stand in a text, without blanks and in lower case."""
    local, _, domain = address.rpartition("@")
    try:
        readable = domain.encode("ascii").decode("idna")
    except UnicodeError:
        readable = domain
    forms = (address, f"{unquoted(local)}@{domain}", f"{local}@{readable}")
    return ["".join(form.split()).lower() for form in forms]


def _decoded(xtext: str) -> str:
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), xtext)


def _date(value: object) -> float | None:
    try:
        found = email.utils.parsedate_to_datetime(str(value))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _leaves(message: Message) -> Iterator[Message]:
    return (part for part in message.walk() if not part.is_multipart() or is_encoded_message(part))


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub("", text.lower())
