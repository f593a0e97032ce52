"""Replies that are in order, and read otherwise than they are meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import session
from conformance.reference.classify import Stage
from conformance.reference.errors import Failure
from conformance.reference.groups import GroupProtocol
from conformance.reference.session import Reply
from conformance.reference.transaction import Transaction
from mutants.expectations import returned
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.shared import misread


def _takes_for_permanent(*statuses: str) -> None:
    misread(lambda failure, _code, _: replace(failure, code="550") if failure.status in statuses else failure)


@mutation(
    scenarios=("reply_251", "plain"), caught=(fails("delivers_anyway", "harmless/delivered", "reply_251"),)
)
def defers_for_251() -> None:
    """Takes 251, by which a recipient is accepted, for a refusal that will pass."""

    def make(original: Any) -> Any:
        def accepts(self: Any, reply: Reply, stage: Stage, **how: Any) -> bool:
            took: bool = original(self, reply, stage, **how)
            return took and reply.code != 251

        return accepts

    patch(Transaction, "_accepts", make)


@mutation(
    scenarios=("reply_450_domain_not_found", "reply_450_unverified"),
    caught=(returned("reply_450_domain_not_found"),),
)
def returns_for_4_1_2() -> None:
    """Takes status 4.1.2 for a domain that does not exist."""
    _takes_for_permanent("4.1.2")


@mutation(
    scenarios=("reply_450_domain_not_found", "reply_450_unverified"),
    caught=(returned("reply_450_unverified"),),
)
def returns_for_4_1_1() -> None:
    """Takes status 4.1.1 for a recipient who does not exist."""
    _takes_for_permanent("4.1.1")


@mutation(
    scenarios=("reply_452_mailbox_full", "reply_450_unverified"), caught=(returned("reply_452_mailbox_full"),)
)
def returns_for_4_2_2() -> None:
    """Takes status 4.2.2 for a mailbox that will never have room again."""
    _takes_for_permanent("4.2.2")


@mutation(
    scenarios=("reply_in_pieces", "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", "reply_in_pieces"),),
)
def takes_the_end_of_a_packet_for_that_of_a_reply() -> None:
    """Takes a line with which a packet ends for the last one of a reply, though it says that others follow."""

    def make(original: Any) -> Any:
        def data_received(self: Any, data: bytes) -> None:
            whole = bytes(self._buffer) + data
            start = whole.rstrip(b"\r\n").rfind(b"\n") + 1
            if whole.endswith(b"\n") and whole[start + 3 : start + 4] == b"-":
                self._buffer.clear()
                data = whole[: start + 3] + b" " + whole[start + 4 :]
            original(self, data)

        return data_received

    patch(GroupProtocol, "data_received", make)


@mutation(
    scenarios=("offers_starttls_last", "offers_starttls_mixed_case"),
    caught=(deviates("uses_tls", "tls/opportunistic", "offers_starttls_last"),),
)
def overlooks_starttls_in_the_last_line() -> None:
    """Overlooks STARTTLS where it is the last keyword that a server offers."""

    def make(original: Any) -> Any:
        def parse_esmtp_extensions(text: str) -> Any:
            lines = text.split("\n")
            return original("\n".join(lines[:-1] if lines[-1].strip().upper() == "STARTTLS" else lines))

        return parse_esmtp_extensions

    patch(session, "parse_esmtp_extensions", make)


@mutation(
    scenarios=("rejected_multi_line", "rejected_at_rcpt"),
    caught=(deviates("reports_refusal", "replies/refusal-quoted", "rejected_multi_line"),),
)
def glues_the_lines_of_a_reply_together() -> None:
    """Puts the lines of a reply together with nothing between them."""
    misread(lambda failure, _code, words: replace(failure, text=words.replace("\n", "")))


@mutation(scenarios=("rejected_multi_line", "rejected_at_rcpt"), profiles=("rfc",))
def puts_slashes_between_the_lines_of_a_reply() -> None:
    """Puts the lines of a reply together with a slash between them."""
    misread(lambda failure, _code, words: replace(failure, text=words.replace("\n", "/")))


@mutation(
    scenarios=("mix_deferred_refused", "mix_refused_deferred", "mix_deferred_accepted_refused"),
    caught=(
        fails("each_recipient", "recipients/own-outcome", "mix_deferred_refused", "mix_refused_deferred"),
    ),
)
def takes_the_worst_reply_for_everybody() -> None:
    """Returns the message for everybody where nobody was accepted and somebody was refused for good."""

    def make(original: Any) -> Any:
        async def run(self: Any, *message: Any) -> None:
            await original(self, *message)
            results = list(self._results.values())
            worst = [each for each in results if isinstance(each, Failure) and each.permanent]
            if worst and all(isinstance(each, Failure) for each in results):
                self._results.update(dict.fromkeys(self._results, worst[0]))

        return run

    patch(Transaction, "run", make)
