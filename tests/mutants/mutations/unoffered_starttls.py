"""STARTTLS said to a server that does not offer it, and what is made of the answer."""

from __future__ import annotations

from typing import Any

from conformance.reference import delivery, errors
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Session
from mutants.expectations import hence_accepted, returned
from mutants.mutant import fails, mutation
from mutants.patching import patch


def _says_it_anyway() -> None:
    """Say STARTTLS to every server, offered or not."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            self.extensions.setdefault("starttls", "")

        return ehlo

    patch(Session, "ehlo", make)


def _takes_its_answer_for_the_last_word(code: str) -> None:
    """Return the message where STARTTLS gets a reply that begins so."""

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            refused = stage is Stage.STARTTLS and cause is Cause.REJECTED and detail.startswith(code)
            if not refused:
                return failure
            return Failure(code="554", status="5.7.4", text=detail, server=failure.server)

        return deferral

    patch(errors, "deferral", make)


def _needs_it(code: str) -> None:
    """Go on in clear only after other replies to STARTTLS, where no rule asks for TLS."""

    def make(original: Any) -> Any:
        def is_tls_trouble(error: SessionFailed) -> bool:
            found: bool = original(error)
            return found and not (error.stage is Stage.STARTTLS and error.detail.startswith(code))

        return is_tls_trouble

    patch(delivery, "is_tls_trouble", make)


# by the reply that STARTTLS gets where it is not offered and the connector requires TLS
_5YZ = ("tls_not_offered", "tls_not_offered_500", "no_starttls_under_certificate_validation")
_KEPT = ("tls_not_offered_454",)
_454 = "tls_not_offered_454_under_opportunistic"


@mutation(
    scenarios=(*_5YZ, *_KEPT, _454, "first_host_no_starttls"),
    caught=(
        returned(*_5YZ),
        fails("delivers_anyway", "hosts/next-host", "first_host_no_starttls"),
    ),
)
def returns_what_unoffered_starttls_is_refused_for() -> None:
    """Says STARTTLS whether or not it is offered, and where TLS is required takes a 5yz reply for the last word."""
    _says_it_anyway()
    _takes_its_answer_for_the_last_word("5")


@mutation(scenarios=(*_5YZ, *_KEPT), caught=(returned(*_KEPT),))
def returns_what_unoffered_starttls_gets_454_for() -> None:
    """Says STARTTLS whether or not it is offered, and where TLS is required takes a 454 for the last word."""
    _says_it_anyway()
    _takes_its_answer_for_the_last_word("454")


@mutation(
    scenarios=(_454, "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", _454),),
)
def needs_no_454_to_unoffered_starttls() -> None:
    """Says STARTTLS whether or not it is offered, and waits after a 454 though no rule asks for TLS."""
    _says_it_anyway()
    _needs_it("454")


@mutation(scenarios=(*_5YZ, *_KEPT, _454, "plain", "first_host_no_starttls"), profiles=("rfc",))
def says_starttls_to_everybody() -> None:
    """Says STARTTLS whether or not it is offered."""
    _says_it_anyway()


_OFFERED = ("starttls_502_under_certificate_validation", "starttls_502_under_domain_validation")


@mutation(
    scenarios=(*_OFFERED, "starttls_502_under_opportunistic", "starttls_454_under_opportunistic", "plain"),
    caught=(
        returned("starttls_502_under_opportunistic"),
        returned(*_OFFERED),
    ),
    also=hence_accepted("starttls_454_under_opportunistic"),
    brings={
        "lifetime/not-early": "the same where the destination is broken for a day",
        "ndr/status-sampled": "its report has the status of the server's refusal, and none of a message that expired",
    },
)
def returns_what_offered_starttls_is_refused_for() -> None:
    """Returns a message where STARTTLS, which is offered and which no rule asks for, gets a 5yz reply."""
    _needs_it("5")
    _takes_its_answer_for_the_last_word("5")
