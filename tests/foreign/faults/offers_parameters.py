"""What peers offer: parameters of MAIL and RCPT that are sent where they should not be, or not where they should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutants.patching import patch

from conformance.reference import transaction
from conformance.reference.message import Message, Recipient
from foreign.change import fault
from foreign.marker import marked

Extensions = dict[str, str]


def _mail(change: Callable[[str, Message, bytes, Extensions], str]) -> None:
    """Alter MAIL commands; where one comes out otherwise, the situation has occurred."""

    def make(original: Any) -> Any:
        def mail_command(message: Message, content: bytes, extensions: Extensions) -> str:
            proper: str = original(message, content, extensions)
            altered = change(proper, message, content, extensions)
            if altered != proper:
                marked(message)
            return altered

        return mail_command

    patch(transaction, "mail_command", make)


def _rcpt(change: Callable[[str, Recipient, Extensions], str]) -> None:
    """Alter RCPT commands."""

    def make(original: Any) -> Any:
        def rcpt_command(recipient: Recipient, extensions: Extensions) -> str:
            proper: str = original(recipient, extensions)
            return change(proper, recipient, extensions)

        return rcpt_command

    patch(transaction, "rcpt_command", make)


@fault(
    kind=3,
    reference="https://github.com/chatmail/relay/pull/651",
    reported="Stalwart put NOTIFY=DELAY,FAILURE behind every recipient; a server without DSN took it for a syntax "
    "error, and was taught to skip it.",
    requirements=("offers/parameters",),
    first=("offers_nothing",),
)
def asks_everybody_for_reports() -> None:
    """Asks for reports of failure and delay with every RCPT, whether DSN is offered or not."""

    def change(line: str, recipient: Recipient, extensions: Extensions) -> str:
        if "dsn" not in extensions:
            marked(recipient)
        return line if "NOTIFY=" in line else f"{line} NOTIFY=DELAY,FAILURE"

    _rcpt(change)


@fault(
    kind=3,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/pull/401",
    reported="OpenSMTPD cut the list of a NOTIFY short when it relayed the message, so that less was asked for than "
    "the sender had.",
    requirements=("dsn/passed-on",),
)
def passes_one_wish_for_reports_on() -> None:
    """Passes only the first value of a NOTIFY on."""

    def change(line: str, recipient: Recipient, extensions: Extensions) -> str:
        first, comma, _ = recipient.notify.partition(",")
        if comma and "dsn" in extensions:
            marked(recipient)
            return line.replace(f"NOTIFY={recipient.notify}", f"NOTIFY={first}")
        return line

    _rcpt(change)


@fault(
    kind=3,
    reference="https://github.com/rnwood/smtp4dev/issues/1212",
    reported="A sender put RET=HDRS behind MAIL though the server had not offered DSN, and got 501.",
    requirements=("offers/parameters",),
)
def says_what_to_return_to_everybody() -> None:
    """Passes RET on whether DSN is offered or not."""

    def change(line: str, message: Message, content: bytes, extensions: Extensions) -> str:
        return f"{line} RET={message.ret}" if message.ret and "dsn" not in extensions else line

    _mail(change)


@fault(
    kind=3,
    reference="https://github.com/Cocoanetics/SwiftMail/pull/120",
    reported="A new client put SIZE behind every MAIL; a reviewer found that it did so where the server offers no "
    "SIZE.",
    requirements=("offers/parameters",),
    first=("offers_nothing",),
)
def declares_the_size_to_everybody() -> None:
    """Declares the size of a message whether SIZE is offered or not."""

    def change(line: str, message: Message, content: bytes, extensions: Extensions) -> str:
        return line if "size" in extensions else f"{line} SIZE={len(content)}"

    _mail(change)


@fault(
    kind=3,
    reference="https://github.com/jakartaee/mail-api/issues/100",
    reported="JavaMail sent a message with 8-bit parts, when it came from a stream, to servers that do not offer "
    "8BITMIME, which refused or spoilt it.",
    requirements=("content/eight-bit",),
    first=("eight_bit_not_offered",),
)
def does_not_ask_who_takes_eight_bits() -> None:
    """Sends 8-bit text on as it came, whatever the server offers."""

    def make(original: Any) -> Any:
        def takes_content(content: bytes, extensions: Extensions) -> bool:
            if not original(content, extensions):
                marked()
            return True

        return takes_content

    patch(transaction, "takes_content", make)


@fault(
    kind=3,
    reference="https://github.com/thunderbird/thunderbird-android/pull/374",
    reported="K-9 Mail sent 8-bit text to servers that offer 8BITMIME and left out the BODY=8BITMIME that announces "
    "it.",
    requirements=("offers/body-declared",),
)
def does_not_announce_eight_bits() -> None:
    """Sends 8-bit text without BODY=8BITMIME."""

    def change(line: str, message: Message, content: bytes, extensions: Extensions) -> str:
        return line.replace(" BODY=8BITMIME", "") if not content.isascii() else line

    _mail(change)


@fault(
    kind=3,
    reference="https://github.com/kisli/vmime/issues/186",
    reported="VMime said SMTPUTF8 whenever the server offered it, so messages all in ASCII were returned further on, "
    "by the first server that did not.",
    requirements=("offers/smtputf8-if-needed",),
)
def claims_to_be_international() -> None:
    """Puts SMTPUTF8 behind MAIL wherever it is offered, for messages in ASCII, too."""

    def change(line: str, message: Message, content: bytes, extensions: Extensions) -> str:
        return f"{line} SMTPUTF8" if "smtputf8" in extensions and content.isascii() else line

    _mail(change)
