"""Messages returned, lost or hidden, and retries at the wrong time or never."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import errors
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.resolver import LookupDetail
from mutants.expectations import returned
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch
from mutants.shared import retried

_NEVER = 1e9  # seconds


def _bounced(when: Callable[[Stage, Cause, str], bool]) -> None:
    """Take some temporary failures for permanent ones."""

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if not when(stage, cause, detail):
                return failure
            return replace(failure, code="550", status="5" + failure.status[1:])

        return deferral

    patch(errors, "deferral", make)


@mutation(
    scenarios=("greeting_421", "greeting_554"),
    caught=(returned("greeting_421"), fails("stays_queued", "rfc/queued", "greeting_421", profile="rfc")),
)
def bounces_4yz() -> None:
    """Returns a message at once when the server greets with 421."""
    _bounced(lambda stage, cause, detail: cause is Cause.REJECTED and detail.startswith("4"))


@mutation(scenarios=("greeting_554", "greeting_421"), caught=(returned("greeting_554"),))
def bounces_554_greeting() -> None:
    """Returns a message at once when the server greets with 554."""
    _bounced(lambda stage, cause, detail: cause is Cause.REJECTED and detail.startswith("5"))


@mutation(
    scenarios=("dns_nxdomain", "dns_servfail"),
    caught=(returned("dns_nxdomain"),),
    also=hence(
        "the profile rfc accepts the return, and leaves nothing to wait for",
        "stays_queued",
        "retried",
        "refreshes",
        verdict="not_applicable",
        modes=("dns_nxdomain",),
        profile="rfc",
    ),
)
def bounces_nxdomain() -> None:
    """Returns a message at once when the smart host's name does not exist."""
    _bounced(lambda stage, cause, detail: detail == LookupDetail.NONEXISTENT)


@mutation(
    scenarios=("dns_nxdomain", "dns_servfail"),
    caught=(
        returned("dns_nxdomain"),
        # that nobody is told is a fault of its own, whatever the profile says of returning it
        fails("recovers", "queue/not-lost", "dns_nxdomain"),
        fails("recovers", "rfc/gives-up", "dns_nxdomain", profile="rfc"),
    ),
    also=hence(
        "the profile rfc accepts that it gives up, and leaves nothing to wait for",
        "stays_queued",
        "retried",
        "refreshes",
        verdict="not_applicable",
        modes=("dns_nxdomain",),
        profile="rfc",
    ),
    brings=dict.fromkeys(
        (
            "hosts/next-host",
            "content/delivered",
            "permanent/returned",
            "mx/self-undeliverable",
            "mx/null-returned",
            "recipients/own-outcome",
            "recipients/each-ends",
            "lifetime/not-early",
            "lifetime/ends",
            "ndr/one",
            "nothing-lost/kept",
            "out-of-service/nothing-purged",
            "correction/takes-effect",
            "batch/returned",
        ),
        "a name that is looked up for its own reports does not exist either, so it drops them as well",
    )
    | {"mx/nonexistent-domain": "it tells a recipient domain that does not exist as a smart host's name"},
)
def drops_nxdomain() -> None:
    """Drops a message without a report when the smart host's name does not exist."""

    async def no_report(relay: Any, message: Message, now: float, failures: Any) -> None:
        return None

    bounces_nxdomain()
    patch(Relay, "_report", lambda _: no_report)


@mutation(scenarios=("certificate_expired", "tls_not_offered"), caught=(returned("certificate_expired"),))
def bounces_bad_certificates() -> None:
    """Returns a message at once when the certificate does not pass."""
    _bounced(lambda stage, cause, detail: cause is Cause.CERTIFICATE)


@mutation(
    scenarios=("connection_refused", "greeting_421"),
    caught=(fails("retried", "queue/retried"), fails("retried", "rfc/retried", profile="rfc")),
)
def never_retries() -> None:
    """Keeps a deferred message and never tries again."""
    retried(lambda attempts, granted: _NEVER)


@mutation(scenarios=("greeting_421",), caught=(fails("recovers", "queue/recovers"),))
def retries_once_only() -> None:
    """Gives up trying after the second attempt, and keeps the message."""
    retried(lambda attempts, granted: granted.retry_interval if attempts < 2 else _NEVER)


@mutation(
    scenarios=("greeting_421", "close_at_mail"),
    caught=(fails("retried", "queue/retried"),),
    also=hence(
        "two attempts are over, and the fault is repaired, before anybody looks at the queue",
        "stays_queued",
        verdict="inconclusive",
        certain=False,
    ),
)
def retries_at_once() -> None:
    """Tries again without any wait."""
    retried(lambda attempts, granted: 0.0)


@mutation(
    scenarios=("greeting_421", "dns_nxdomain", "connection_refused"),
    caught=(fails("retried", "queue/retried"),),
)
def retries_at_half_the_gap() -> None:
    """Tries again after half the interval."""
    retried(lambda attempts, granted: granted.retry_interval / 2)


@mutation(scenarios=("greeting_421", "connection_refused"), caught=(fails("retried", "queue/retried"),))
def retries_at_double_the_gap() -> None:
    """Tries again after twice the interval."""
    retried(lambda attempts, granted: granted.retry_interval * 2)


@mutation(scenarios=("greeting_421",), caught=(fails("retried", "queue/retried"),))
def retries_late_the_second_time() -> None:
    """Doubles the interval with every retry although the schedule does not."""
    retried(lambda attempts, granted: granted.retry_interval * (1 if attempts < 2 else 2))


def _forgotten(which: Callable[[Failure], bool]) -> None:
    """Log some deferrals and then forget the message."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            await original(self, message, results)
            for recipient, result in results.items():
                if isinstance(result, Failure) and which(result):
                    recipient.state = State.GONE
                    self._messages.pop(message.queue_id, None)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(
    scenarios=("reset_at_mail", "close_at_mail"),
    caught=(fails("stays_queued", "queue/not-lost", "reset_at_mail"),),
)
def loses_on_reset() -> None:
    """Logs a deferral when the connection is reset, and forgets the message."""
    _forgotten(lambda failure: "reset" in failure.detail)


def _hidden(which: Callable[[Recipient], bool]) -> None:
    """Leave some recipients out of the queue's listing."""

    def make(original: Any) -> Any:
        return lambda self: [pair for pair in original(self) if not which(pair[1])]

    patch(Relay, "queue", make)


@mutation(
    scenarios=("connection_refused", "greeting_421"),
    caught=(fails("stays_queued", "queue/kept"), fails("stays_queued", "rfc/queued", profile="rfc")),
)
def hides_deferred_messages() -> None:
    """Leaves messages that were deferred out of its queue listing."""
    _hidden(lambda recipient: recipient.attempts > 0)


@mutation(
    scenarios=("connect_timeout", "greeting_421", "greeting_timeout", "stall_at_rcpt", "expired_in_attempt"),
    profiles=("rfc",),
)
def hides_active_messages() -> None:
    """Lists what waits, and leaves out what it is trying to deliver."""
    _hidden(lambda recipient: recipient.state is not State.WAITING)
