"""What a relay says of those from whom it had a message."""

from __future__ import annotations

from typing import Any

from conformance.reference import intake
from mutants.mutant import deviates, hence, mutation
from mutants.patching import patch

_SCENARIOS = ("line_of_998", "leading_dots")


def _trace(before: bytes, after: bytes) -> None:
    def make(original: Any) -> Any:
        def received_field(*arguments: Any, **more: Any) -> bytes:
            field: bytes = original(*arguments, **more)
            return field.replace(before, after, 1)

        return received_field

    patch(intake, "received_field", make)


@mutation(scenarios=_SCENARIOS, caught=(deviates("names_client", "trace/client-named", *_SCENARIOS),))
def garbles_the_name_of_the_client() -> None:
    """Leaves the letters out of the name that a client has given."""
    patch(intake, "_client_name", lambda original: lambda session: "?" * len(original(session)))


@mutation(scenarios=_SCENARIOS, caught=(deviates("names_client", "trace/client-named", *_SCENARIOS),))
def cuts_every_name_short() -> None:
    """Says of the name that a client has given that there is more of it, and there is not."""
    patch(intake, "_client_name", lambda original: lambda session: f"{original(session)}...")


@mutation(scenarios=_SCENARIOS, caught=(deviates("names_client", "trace/client-address", *_SCENARIOS),))
def does_not_know_the_address_of_the_client() -> None:
    """Writes a word where the address of a client stands."""
    _trace(b"[127.0.0.1]", b"[unknown]")


@mutation(scenarios=_SCENARIOS, caught=(deviates("names_client", "trace/client-address", *_SCENARIOS),))
def takes_every_client_for_one_of_ipv6() -> None:
    """Writes the address of a client as one of IPv6, and it is one of IPv4."""
    _trace(b"[127.0.0.1]", b"[IPv6:127.0.0.1]")


@mutation(scenarios=_SCENARIOS, caught=(deviates("names_client", "trace/protocol", *_SCENARIOS),))
def leaves_the_protocol_open() -> None:
    """Says in its trace that there was a protocol, and not which."""
    _trace(b" with ESMTP id ", b" with  id ")


@mutation(scenarios=_SCENARIOS, caught=(deviates("names_client", "trace/protocol", *_SCENARIOS),))
def names_no_protocol_of_mail() -> None:
    """Says in its trace that the message came by something that is no protocol of mail."""
    _trace(b" with ESMTP id ", b" with other id ")


@mutation(scenarios=_SCENARIOS, profiles=("rfc",))
def names_the_client_behind_its_address() -> None:
    """Writes the client's name behind its address, as a comment."""
    _trace(b"from submitter.test ([127.0.0.1])", b"from [127.0.0.1] (helo=submitter.test)")


@mutation(
    scenarios=_SCENARIOS,
    profiles=("rfc",),
    also=tuple(
        expected
        for profile in ("eop", "rfc")
        for expected in hence(
            "it does not say from whom", "names_client", verdict="not_applicable", profile=profile
        )
    ),
)
def says_by_whom_and_not_from_whom() -> None:
    """Leaves out of the field it adds from whom it had the message."""
    _trace(b"from submitter.test ([127.0.0.1])\r\n\tby", b"by")
