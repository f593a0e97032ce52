"""Expectations that mutations of several files share: of mail that should have waited, and of certificates."""

from __future__ import annotations

from .mutant import Declare, Expected, VerdictName, deviates, fails, hence, mutation
from .selection import Names, Selection


def delivered(requirement: str, *modes: str | Selection) -> tuple[Expected, ...]:
    """Return the verdicts on mail that should have waited and was delivered.

    Args:
        requirement: What asks for the error that there should have been.
        *modes: The failure modes.
    """
    return (fails("error_code", requirement, *modes), fails("recovers", "queue/recovers", *modes))


def hence_no_error(
    *modes: str | Selection, detail: VerdictName = "fail", looked_up_again: bool = False
) -> tuple[Expected, ...]:
    """Return what else follows from a delivery that came too soon.

    Args:
        *modes: The failure modes.
        detail: The verdict on the detail of the error; by section it is a MUST or a SHOULD.
        looked_up_again: Whether a further look-up of the same name may pass for a retry.
    """
    why = "the message is delivered at once, so there is no error, no queue and no retry"
    return (
        *hence(why, "error_detail", verdict=detail, modes=modes),
        *hence(why, "destination_server", modes=modes),
        *hence(why, "stays_queued", verdict="not_applicable", modes=modes, certain=False),
        *hence(why, "retried", modes=modes, certain=not looked_up_again),
    )


def hence_accepted(*modes: str, profile: str = "eop") -> tuple[Expected, ...]:
    """Return the verdicts that there are none of, where delivery in spite of the fault is accepted."""
    return hence(
        "delivered, which the profile accepts",
        *("error_code", "error_detail", "destination_server", "stays_queued", "retried"),
        verdict="not_applicable",
        modes=modes,
        profile=profile,
    )


def returned(requirement: str, *modes: str | Selection) -> tuple[Expected, ...]:
    """Return the verdicts on mail that should have waited and was returned.

    Args:
        requirement: What asks for the error that there should have been.
        *modes: The failure modes.
    """
    return (
        fails("error_code", requirement, *modes),
        fails("stays_queued", "queue/kept", *modes),
        fails("retried", "queue/retried", *modes),
        fails("recovers", "queue/recovers", *modes),
    )


def takes_certificate(modes: Names, *besides: str) -> Declare:
    """Declare a mutant that delivers at once where the certificate should not have passed."""
    return mutation(
        scenarios=(*modes, *besides),
        caught=delivered("certificate/error-code", *modes),
        also=hence_no_error(*modes),
    )


def refuses_certificate(
    requirement: str, modes: Names, *besides: str, aspect: str = "delivers_anyway"
) -> Declare:
    """Declare a mutant that does not deliver at once where the certificate should have passed."""
    return mutation(scenarios=(*modes, *besides), caught=(deviates(aspect, requirement, *modes),))
