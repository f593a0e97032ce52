"""What came back to a sender, and whether it was told of the end: decided here and nowhere else.

Theory of operation
-------------------

A relay that gives a message up has to tell its sender (RFC 5321 section 6.1). How it should do so stands in RFC 3464;
what real relays send as their last word is often something else, and the sender was told all the same. So everything
that comes back is a *notice*, and what makes one *final* is what happens, not what it is called:

* `Action: failed` is final by itself. It says that the message is given up, whatever happens then.
* `Action: relayed`, `delivered` and `expanded` never are: they say the opposite.
* Any other one is final if it is the end: no attempt begins after it, no listing that was asked for half a second or
  more after it has the message, and it does not *promise more*. It promises more by `Action: delayed`, unless Status
  is x.4.7 (delivery time expired, RFC 3463 section 3.5), or by a Will-Retry-Until that is later than its own Date. A
  report without Action, with an Action that nobody knows, as plain text or as another multipart promises nothing. What
  is wrong with its form is another question (`judging/report_form.py`).

Of several recipients, of one message or of a batch, an attempt or a listing that comes later speaks of those only for
whom it was.

A notice that promises more and is the last of all has told nobody of the end. One after which the message was still
tried or listed was sent *while it waited*.

*An attempt begins after a notice* with a connection, a SYN or a question to the name server that is not the repetition
of an earlier one; but not with what may be the sending of the notice itself (`envelopes.py`).

While a wave goes on nobody knows what will follow. Then a notice counts as final by what is known by that time, and the
player asks again (`wave/player.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from conformance.evidence.connections import Connection, forward_path
from conformance.evidence.envelopes import Seen
from conformance.evidence.reports import (
    ARRIVED,
    RecipientReport,
    Report,
    has_fields,
    names,
    read_report,
    words,
)
from fake_servers.addresses import known_as
from fake_servers.events import DnsQuery, SmtpMessage, TcpSyn

# Seconds for which a message may be listed once its sender was told: it has to be taken out of the queue.
CLEARING = 0.5

_FAILED = "failed"
_DELAYED = "delayed"


class Followed(Seen, Protocol):
    """What is known of one scenario, and of which traces nobody can say whose they are (`envelopes.py`)."""

    @property
    def unclear_from(self) -> float:
        """The time from which there are such."""

    def may_be_a_report(self, connection: Connection, /) -> bool:
        """Tell whether a connection is one of them."""


@dataclass(frozen=True)
class Notice:
    """Something that came back to the sender.

    Attributes:
        message: The message in which it came.
        report: What it says.
        goes_on: Tells of a recipient whether the message was tried or listed after this.
    """

    message: SmtpMessage
    report: Report
    goes_on: Callable[[str], bool]

    @property
    def at(self) -> float:
        """When it came."""
        return self.message.at

    @property
    def says_failed(self) -> bool:
        """Whether it says in so many words that the message is given up."""
        return any(each.action == _FAILED for each in self.report.recipients)

    @cached_property
    def is_final(self) -> bool:
        """Whether it told the sender of the end, for some recipient."""
        if not self.report.recipients:
            return not self.goes_on("")
        return any(map(self.tells_of_the_end, self.report.recipients))

    def tells_of_the_end(self, about: RecipientReport) -> bool:
        """Tell whether what it says about a recipient is final."""
        if about.action == _FAILED:
            return True
        silent = about.action in ARRIVED or self._promises_more(about)
        return not silent and not self.goes_on(about.final_recipient)

    @cached_property
    def came_while_waiting(self) -> bool:
        """Whether the message was tried or listed after it, and it does not speak of the end."""
        addresses = [each.final_recipient for each in self.report.recipients] or [""]
        return not self.is_final and any(map(self.goes_on, addresses))

    @property
    def has_fields(self) -> bool:
        """Whether it has a part for programs."""
        return has_fields(self.message.content)

    def _promises_more(self, about: RecipientReport) -> bool:
        """Tell whether it says about a recipient that the message will be tried again."""
        until, date = about.will_retry_until, self.report.date
        if until is not None and date is not None and until > date:
            return True
        return about.action == _DELAYED and about.status[1:] != ".4.7"

    def __str__(self) -> str:
        """Say what it says of the end, as far as it is not final."""
        told = [each for each in self.report.recipients if not self.tells_of_the_end(each)]
        if not told:
            return f"{self.report.subject!r}"
        fields = [
            f"Action: {each.action or 'missing'}" + (f", Status: {each.status}" if each.status else "")
            for each in told
        ]
        return "; ".join(dict.fromkeys(fields))


def read_notices(evidence: Followed) -> Iterator[Notice]:
    """Yield everything that came back to a scenario's sender, in order."""
    for message in evidence.returned:

        def goes_on(address: str, message: SmtpMessage = message) -> bool:
            at = message.at
            if evidence.staged.others or len(evidence.staged.offers) > 1:
                return all(_goes_on_for(evidence, who, at) for who in _meant(evidence, address, message))
            return _is_tried_after(evidence, at) or _is_listed_after(evidence, address, at + CLEARING)

        yield Notice(message, read_report(message.content), goes_on)


def _meant(evidence: Followed, address: str, message: SmtpMessage) -> list[str]:
    """Return which of several recipients a notice speaks of: the one of this address, or those that its words name."""
    staged = evidence.staged
    everybody = _everybody(evidence)
    said = address or words(message.content, staged.content)
    return [each for each in everybody if names(each, said)] or [staged.recipient]


def _everybody(evidence: Followed) -> tuple[str, ...]:
    """Return the recipients of the message that is judged, or of each message of a batch."""
    staged = evidence.staged
    ours = (staged.recipient, *staged.others, *(offer.recipient for offer in staged.offers))
    return tuple(dict.fromkeys(ours))


def _goes_on_for(evidence: Followed, who: str, at: float) -> bool:
    """Tell whether one of several recipients was offered or listed after a time; the others say nothing."""
    later = (command for each in evidence.connections for command in each.commands if command.at > at)
    offered = (known_as(forward_path(command) or "") for command in later)
    return known_as(who) in offered or _is_listed_after(evidence, who, at + CLEARING)


def _is_tried_after(evidence: Followed, at: float) -> bool:
    if any(each.opened > at and not evidence.may_be_a_report(each) for each in evidence.connections):
        return True
    if at > evidence.unclear_from:
        return False
    asked_before = {(e.name, e.type, e.id) for e in evidence.of(DnsQuery) if e.at <= at}
    unseen = [e.at for e in evidence.of(TcpSyn)]
    unseen += [e.at for e in evidence.of(DnsQuery) if (e.name, e.type, e.id) not in asked_before]
    return any(at < begun <= evidence.unclear_from for begun in unseen)


def _is_listed_after(evidence: Followed, address: str, begin: float) -> bool:
    """Tell whether the recipient that a notice names was listed later, or the one that is judged if it names nobody."""
    who = next(
        (each for each in _everybody(evidence) if known_as(each) == known_as(address)),
        evidence.staged.recipient,
    )
    return any(each.messages for each in evidence.queue_for(who).during(after=begin).listings)
