"""Expectations that mutations of several files share: of mail that should have waited, and of certificates."""

from __future__ import annotations

from .mutant import Declare, Expected, deviates, fails, hence, mutation
from .selection import Names, Selection


def delivered(*modes: str | Selection) -> Expected:
    """Return the verdict on mail that should have waited and was delivered."""
    return fails("stays_queued", "queue/not-delivered", *modes)


def returned(*modes: str | Selection) -> Expected:
    """Return the verdict on mail that should have waited and was returned."""
    return fails("stays_queued", "queue/kept", *modes)


def hence_accepted(*modes: str, profile: str = "eop") -> tuple[Expected, ...]:
    """Return the verdicts that there are none of, where delivery in spite of the fault is accepted."""
    return hence(
        "delivered, which the profile accepts",
        *("error_code", "error_detail", "destination_server", "stays_queued", "retried"),
        verdict="not_applicable",
        modes=modes,
        profile=profile,
    )


def takes_certificate(modes: Names, *besides: str) -> Declare:
    """Declare a mutant that delivers at once where the certificate should not have passed."""
    return mutation(scenarios=(*modes, *besides), caught=(delivered(*modes),))


def refuses_certificate(
    requirement: str, modes: Names, *besides: str, aspect: str = "delivers_anyway"
) -> Declare:
    """Declare a mutant that does not deliver at once where the certificate should have passed."""
    return mutation(scenarios=(*modes, *besides), caught=(deviates(aspect, requirement, *modes),))
