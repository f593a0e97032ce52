"""TLS identity, further reports: wildcards, what came in clear, and certificates that do not pass."""

from __future__ import annotations

import ssl
from typing import Any

from mutants.patching import patch

from conformance.reference import tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session
from foreign.change import fault
from foreign.marker import in_hand, marked

_NAMES = ("tls/wildcard", "tls/domain-wildcard", "tls/identity", "tls/fit-host", "queue/not-delivered")


def _names(matches: Any) -> None:
    def make(original: Any) -> Any:
        def match_name(presented: str, expected: str) -> bool:
            proper: bool = original(presented, expected)
            found: bool = matches(presented.lower(), expected.lower(), proper)
            if found != proper and in_hand() is not None:
                marked()
            return found

        return match_name

    patch(tls, "match_name", make)


@fault(
    kind=7,
    reference="https://github.com/eclipse-ee4j/angus-mail/pull/208",
    reported="A certificate for *.example.com passed for a.b.example.com as well.",
    requirements=_NAMES,
)
def takes_a_wildcard_for_any_labels() -> None:
    """Has a wildcard in a certificate stand for any number of labels."""
    _names(
        lambda presented, expected, proper: (
            proper or (presented.startswith("*.") and expected.endswith(presented[1:]))
        )
    )


@fault(
    kind=7,
    reference="https://github.com/aykevl/mta-sts/issues/4",
    reported="A server whose certificate has a wildcard that covers its name was said to have none for that name.",
    requirements=_NAMES,
)
def knows_no_wildcards() -> None:
    """Compares a wildcard in a certificate as if it were a name."""
    _names(lambda presented, expected, proper: proper and presented == expected)


@fault(
    kind=7,
    reference="https://github.com/spatie/ssl-certificate/pull/194",
    reported="A certificate for *.example.com was said to be one for example.com as well.",
    requirements=_NAMES,
)
def takes_a_wildcard_for_no_label() -> None:
    """Has a wildcard in a certificate stand for the domain itself, too."""
    _names(lambda presented, expected, proper: proper or presented == f"*.{expected}")


@fault(
    kind=7,
    reference="https://github.com/nodemailer/nodemailer/pull/1835",
    reported="What a server, or somebody on the way, had sent in clear behind the reply to STARTTLS was read as part "
    "of the first reply under TLS.",
    requirements=("tls/forgets",),
)
def reads_under_tls_what_came_in_clear() -> None:
    """Takes for offered under TLS what was offered in clear, besides what is."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            in_clear = dict(session.extensions)
            in_clear.pop("starttls", None)
            await original(self, session, host)
            if in_clear.keys() - session.extensions.keys():
                marked()
                session.extensions = {**in_clear, **session.extensions}

        return secure

    patch(Delivery, "_secure", make)


@fault(
    kind=7,
    reference="https://github.com/suitenumerique/messages/pull/687",
    reported="Where TLS was optional a certificate for another name made the sender fall back to clear text, which "
    "servers that insist on STARTTLS refused for good.",
    requirements=("tls/opportunistic", "tls/opportunistic-any-certificate"),
)
def falls_back_for_a_certificate_unasked() -> None:
    """Sends in clear, where no rule asks for TLS, to a server whose certificate does not pass."""

    def secured(original: Any) -> Any:
        async def starttls(self: Any, context: ssl.SSLContext, server_hostname: str | None) -> None:
            await original(self, context, server_hostname)
            names = [server_hostname or ""]
            if context.verify_mode is ssl.CERT_NONE and not any(
                tls.verify_name(self.certificate, name) for name in names if name
            ):
                marked()
                raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, "certificate is for another name")

        return starttls

    patch(Session, "starttls", secured)
