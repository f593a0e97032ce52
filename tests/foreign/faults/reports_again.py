"""The fate and the words of the report, further reports."""

from __future__ import annotations

from typing import Any

from mutants.patching import patch

from conformance.reference import dsn
from conformance.reference.message import Message
from conformance.reference.relay import Relay
from foreign.change import fault
from foreign.marker import marked


@fault(
    kind=5,
    reference="https://github.com/foxcpp/maddy/issues/327",
    reported="Reports were generated, and refused by a check of the same server, since they had no signature; nobody "
    "ever got one.",
    requirements=("permanent/returned", "ndr/one", "lifetime/ends"),
    first=("rejected_at_rcpt",),
)
def refuses_its_own_reports() -> None:
    """Makes a report, and throws it away."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            made = await original(self, message, now, failures)
            if made is not None:
                marked(message)
            return None

        return report

    patch(Relay, "_report", make)


@fault(
    kind=5,
    reference="https://github.com/corecode/dma/issues/143",
    reported="Reports went to an address that does not exist, the user's name and the host's own, and were lost.",
    requirements=("ndr/to-sender", "permanent/returned", "ndr/one"),
    first=("rejected_at_rcpt",),
)
def returns_to_the_author_at_its_own_host() -> None:
    """Sends its reports to the sender's local part at its own host name."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            made = await original(self, message, now, failures)
            if made is not None:
                marked(message)
                for each in made[0].recipients:
                    local = each.address.rpartition("@")[0]
                    each.address = f"{local}@{self._config.hostname}"
            return made

        return report

    patch(Relay, "_report", make)


@fault(
    kind=5,
    reference="https://github.com/mozilla-bteam/bmo/pull/1763",
    reported="The server named as the reporting one was that of the provider which had only passed the mail on; "
    "people looked for the error there.",
    requirements=("report/reporting-mta",),
)
def names_the_other_server_as_the_reporting_one() -> None:
    """Writes the server that refused the message into Reporting-MTA."""

    def make(original: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, *, hostname: str, at: float) -> bytes:
            made: bytes = original(message, content, failures, hostname=hostname, at=at)
            server = next((each.server for each in failures.values() if each.remote), "")
            if not server:
                return made
            marked(message)
            return made.replace(
                f"Reporting-MTA: dns; {hostname}".encode(), f"Reporting-MTA: dns; {server}".encode()
            )

        return build_dsn

    patch(dsn, "build_dsn", make)


@fault(
    kind=5,
    reference="https://github.com/haraka/Haraka/issues/568",
    reported="Of a message to seven people a report said that it had not been delivered, and to whom only that it "
    "was the sender's own address.",
    requirements=("report/to-people", "recipients/own-outcome"),
)
def names_somebody_else_to_people() -> None:
    """Names another recipient of the message in the words for people than the one that failed."""

    def make(original: Any) -> Any:
        def human(message: Message, failures: Any, *content: Any, **more: Any) -> bytes:
            made: bytes = original(message, failures, *content, **more)
            other = next((each for each in message.recipients if each not in failures), None)
            if other is None:
                return made
            marked(message)
            for each in failures:
                made = made.replace(each.address.encode(), other.address.encode())
            return made

        return human

    patch(dsn, "_human_part", make)
