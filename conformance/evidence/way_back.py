"""A report as a message of its own, on its way to a sender whose domain has a server of its own.

What happens there is no attempt at the message that the report is about. So it is kept apart from the evidence of the
scenario, but for what arrived, and can be looked at like that of any message: one with the null reverse-path, for the
sender, whose only smart host is that server. Whatever reads attempts, copies and the queue reads those of the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from conformance.evidence.record import Staged
from fake_servers.events import DnsEvent, Event, FakeBroke, FakeExcess, SmtpMessage

# The course whose message has the null reverse-path, as records call it.
_NULL_SENDER = "null_sender"


def of_the_message(events: Iterable[Event], staged: Staged) -> tuple[Event, ...]:
    """Return the events of a scenario without those of the way back, but for what arrived there, or broke."""
    if staged.way_back is None:
        return tuple(events)
    kept = (SmtpMessage, FakeBroke, FakeExcess)
    return tuple(each for each in events if isinstance(each, kept) or not _on_the_way_back(each, staged))


def of_the_report(events: Iterable[Event], staged: Staged) -> tuple[Event, ...]:
    """Return the events of the way back."""
    return tuple(each for each in events if _on_the_way_back(each, staged))


def as_message(staged: Staged) -> Staged:
    """Return the report of a scenario as a message that was staged: for the sender, by the way back.

    Args:
        staged: The scenario; its sender's domain has a server of its own.
    """
    assert staged.way_back is not None
    return replace(
        staged,
        course=_NULL_SENDER,
        domain=staged.sender.rpartition("@")[2],
        sender="",
        author="",
        recipient=staged.sender,
        others=[],
        sites=[staged.way_back],
        repaired=staged.way_back_mended,
        reports_pass=None,
        null_path=True,
        way_back=None,
    )


def _on_the_way_back(event: Event, staged: Staged) -> bool:
    assert staged.way_back is not None
    if isinstance(event, DnsEvent):
        # by itself, below it, or with the suffix of somebody's search list
        domain = staged.sender.rpartition("@")[2].lower()
        return f".{domain}." in f".{event.host.lower()}."
    return event.server == staged.way_back.server
