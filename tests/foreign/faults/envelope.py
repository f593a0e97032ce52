"""Envelope and content: addresses that are not ordinary, and who they are for."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes
from email.utils import parseaddr
from typing import Any

from mutants.patching import patch

from conformance.reference import routing, transaction
from conformance.reference.message import Message, Recipient
from foreign.change import fault
from foreign.marker import marked


def _to(change: Callable[[str, str], str]) -> None:
    """Alter forward-paths, from local part and domain; where one comes out otherwise, the situation has occurred."""

    def make(original: Any) -> Any:
        def rcpt_command(recipient: Recipient, extensions: dict[str, str]) -> str:
            proper: str = original(recipient, extensions)
            local, _, domain = recipient.address.rpartition("@")
            altered = f"{change(local, domain)}@{domain}"
            if altered != recipient.address:
                marked(recipient)
            return proper.replace(f"<{recipient.address}>", f"<{altered}>", 1)

        return rcpt_command

    patch(transaction, "rcpt_command", make)


@fault(
    kind=6,
    reference="https://github.com/stalwartlabs/stalwart/issues/1916",
    reported="Since an update Stalwart wrote the addresses of outgoing mail in small letters; a recipient whose "
    "address has capitals that matter got nothing.",
    requirements=("content/unaltered",),
    first=("mixed_case",),
)
def writes_addresses_in_small_letters() -> None:
    """Writes the local part of a recipient in small letters."""
    _to(lambda local, domain: local.lower())


@fault(
    kind=6,
    reference="https://github.com/chrj/smtpd/pull/47",
    reported="The quotes of a local part were lost when the address was read, so that a relay wrote a RCPT with a "
    "blank in the address, which no server could read.",
    requirements=("content/unaltered",),
)
def loses_the_quotes() -> None:
    """Writes a quoted local part without its quotes."""
    _to(lambda local, domain: local[1:-1] if local.startswith('"') else local)


@fault(
    kind=6,
    reference="https://github.com/rjbs/Email-Sender/issues/45",
    reported="The local part o'neil was put in quotes that it does not need, and a large provider refused the "
    "address.",
    requirements=("content/form",),
)
def adds_quotes() -> None:
    """Puts a local part into quotes that has an apostrophe."""
    _to(lambda local, domain: f'"{local}"' if "'" in local and not local.startswith('"') else local)


@fault(
    kind=6,
    reference="https://github.com/wneessen/go-mail/issues/495",
    reported="Of an address with an at-sign within its quoted local part, go-mail took what follows the first "
    "at-sign for the domain, and the message went to somebody else's server.",
    requirements=("content/delivered",),
)
def takes_the_first_at_sign() -> None:
    """Sends a message where the domain behind the first at-sign says, also if that stands in quotes."""

    def make(original: Any) -> Any:
        def domain_of(address: str) -> str:
            if address.count("@") == 1:
                return original(address)  # type: ignore[no-any-return]
            marked(address)
            found = re.match(r"[A-Za-z0-9.-]*", address.partition("@")[2])
            return found[0].lower() if found else ""

        return domain_of

    patch(routing, "domain_of", make)


@fault(
    kind=6,
    reference="https://github.com/docker-mailserver/docker-mailserver/issues/1349",
    reported="The mail server put the author's address in the place of the reverse-path, so bounces reached a person "
    "instead of the program that counts them.",
    requirements=("rfc/delivered", "control/delivered"),
    first=("plain",),
)
def takes_the_author_for_the_reverse_path() -> None:
    """Sends messages with the author of the From header as reverse-path."""

    def make(original: Any) -> Any:
        def mail_command(message: Message, content: bytes, extensions: dict[str, str]) -> str:
            proper: str = original(message, content, extensions)
            author = parseaddr(str(message_from_bytes(content)["From"]))[1]
            if not message.sender or not author or author == message.sender:
                return proper
            marked(message)
            return proper.replace(f"<{message.sender}>", f"<{author}>", 1)

        return mail_command

    patch(transaction, "mail_command", make)
