"""Later reports about sessions: greetings, bare codes, turns, kept connections, and names in certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mutants.patching import patch
from mutants.shared import greeted_by_the_impatient

from conformance.reference import tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Reply, Session
from foreign.change import fault
from foreign.marker import in_hand, marked
from foreign.reuse import is_ready, reuses_connections

_EAGER = 0.3  # seconds for which a greeting is waited for
_GREETING = "220 and this is the last line of the greeting"


@fault(
    kind=3,
    reference="https://github.com/Enough-Software/enough_mail/issues/284",
    reported="A reply of three digits and nothing else broke the reader of replies, and the command was waited for "
    "until the time-out.",
    requirements=("harmless/delivered", "offers/waits"),
    first=("reply_bare",),
)
def waits_for_words_behind_a_code() -> None:
    """Waits for the rest of a reply that has a code and no words."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if not reply.text.strip() and in_hand() is not None:
                marked()
                await asyncio.sleep(self._timeouts.command)
                raise SessionFailed(stage, Cause.SILENT, f"Timed out while waiting for {stage.value}")
            return reply

        return read

    patch(Session, "_read", make)


@fault(
    kind=3,
    reference="https://github.com/ossec/ossec-hids/issues/1175",
    reported="Now and then HELO was sent before the server had greeted, and the server turned the session away.",
    requirements=("session/greeting-awaited", "offers/waits"),
    first=("slow", "trickle_at_greeting"),
)
def speaks_before_it_is_greeted() -> None:
    """Says EHLO when the greeting is not there within a moment, and reads both replies then."""

    def meets() -> bool:
        if in_hand() is None:
            return False
        marked()
        return True

    greeted_by_the_impatient(_EAGER, meets)


@fault(
    kind=3,
    reference="https://github.com/defuse/email-spoofing/issues/3",
    reported="Commands were sent without waiting for replies to a server that offered no such thing, and refused the "
    "recipients for improper pipelining.",
    requirements=("offers/waits",),
    first=("offers_nothing",),
)
def sends_its_envelope_at_once() -> None:
    """Sends MAIL, RCPT and DATA at once, whether PIPELINING is offered or not."""

    def make(_original: Any) -> Any:
        def group(self: Any, lines: Sequence[str]) -> None:
            if "pipelining" not in self.extensions:
                marked()
            self._group.extend(lines)
            self._wanted = {line for line in lines if line.startswith("RCPT ")}

        return group

    patch(Session, "group", make)


@fault(
    kind=3,
    reference="https://github.com/Notifuse/notifuse/issues/183",
    reported="Of a greeting with several lines the first was read, and the next was taken for the reply to EHLO, so "
    "that no mail passed to such a server.",
    requirements=("harmless/delivered", "offers/many-lines"),
    first=("reply_in_pieces",),
)
def takes_the_rest_of_a_greeting_for_the_reply_to_ehlo() -> None:
    """Reads the first line of a greeting, and fails at EHLO where it has more."""
    long: set[Any] = set()

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if stage is Stage.GREETING and "\n" in reply.text and in_hand() is not None:
                long.add(self)
            elif stage is Stage.EHLO and self in long:
                marked()
                raise SessionFailed(Stage.EHLO, Cause.MALFORMED, _GREETING)
            return reply

        return read

    patch(Session, "_read", make)


@fault(
    kind=4,
    reference="https://github.com/knadh/smtppool/pull/19",
    reported="A connection on which a server had said 421 went back into the pool, and each message that was given it "
    "afterwards failed.",
    requirements=("queue/recovers", "reuse/stale-connection", "session/421-kept", "replies/passing"),
    first=("reply_421_at_mail",),
)
def keeps_a_connection_after_421() -> None:
    """Goes on over a connection on which a server has said 421, for whatever message there is for it."""
    said: dict[Any, Session] = {}
    places: dict[Session, Any] = {}

    def opened(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            place = (self._route, host, address)
            if place in said:
                marked()
                return said[place]
            session: Session = await original(self, host, address)
            places[session] = place
            return session

        return open_session

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if reply.code == 421 and self in places:
                said[places[self]] = self
            return reply

        return read

    patch(Delivery, "_open_session", opened)
    patch(Session, "_read", make)


@fault(
    kind=7,
    reference="https://github.com/curl/curl/pull/21082",
    reported="A connection that had been made in clear was used again for mail that was to be sent under TLS only, "
    "and that mail went in clear.",
    requirements=("tls/never-in-clear",),
    first=("rule_after_clear",),
)
def uses_a_clear_connection_where_tls_is_asked_for() -> None:
    """Uses a connection that it kept for the next message to that server, whatever rule either is sent by."""
    reuses_connections(lambda session: is_ready(session, "RSET"), whatever_rule=True)

    def opened(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            session: Session = await original(self, host, address)
            if self._route.tls.required and not session.certificate:
                marked()
            return session

        return open_session

    patch(Delivery, "_open_session", opened)


def _altered_names(names: Any) -> None:
    """Have the names of a certificate read by `names`, which is given those of dNSName and the common names."""

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            proper: bool = original(certificate, expected)
            found = any(tls.match_name(name, expected) for name in names(*_names_of(certificate)))
            if found != proper and in_hand() is not None:
                marked()
            return found

        return verify_name

    patch(tls, "verify_name", make)


def _names_of(certificate: bytes) -> tuple[list[str], list[str]]:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    read = x509.load_der_x509_certificate(certificate)
    common = [str(each.value) for each in read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        others = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], common
    return others.get_values_for_type(x509.DNSName), common


@fault(
    kind=7,
    reference="https://github.com/Ravinou/borgwarehouse/issues/121",
    reported="A server was refused whose certificate bears its name, but not as the first one.",
    requirements=("tls/identity",),
    first=("certificate_several_names",),
)
def reads_the_first_name_of_a_certificate() -> None:
    """Looks at the first name of a certificate and at none behind it."""
    _altered_names(lambda names, _common: names[:1])


@fault(
    kind=7,
    reference="https://github.com/aws/s2n-tls/pull/706",
    reported="A certificate passed whose common name was the one that was asked for, though its alternative names "
    "were others.",
    requirements=("queue/not-delivered", "tls/never-in-clear", "tls/fit-host"),
    first=("certificate_other_alternative_names",),
)
def takes_the_common_name_besides_the_others() -> None:
    """Takes the common name of a certificate for one of its names, where it has alternative names."""
    _altered_names(lambda names, common: [*names, *common])
