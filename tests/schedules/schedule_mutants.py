"""Relays that break a promise only after certain faults: the reference relay, derived in a process of its own.

As a target: `--target=schedule_mutants:LosesOnResetAtData`, with this folder on the import path. As a program:
`python schedule_mutants.py NAME serve --config FILE`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.targets.reference import ReferenceTarget


class LosesOnResetAtData(ReferenceTarget):
    """A reset instead of the reply to DATA counts as delivery: the message is lost."""

    name = "loses_on_reset_at_data"

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the mutant."""
        return [sys.executable, __file__, self.name, "serve", "--config", str(config_file)]


class DuplicatesAfterTwoFaults(LosesOnResetAtData):
    """Whatever was deferred twice is sent twice."""

    name = "duplicates_after_two_faults"


class ReportsAfterLostReply(LosesOnResetAtData):
    """When the reply to the final dot was lost, the message is delivered later, and returned as well."""

    name = "reports_after_lost_reply"


def loses_on_reset_at_data() -> None:
    """Sin."""
    from conformance.reference.classify import Cause, Stage
    from conformance.reference.errors import SessionFailed
    from conformance.reference.transaction import Delivered, Transaction

    original = Transaction.run

    async def run(self: Any, message: Any, content: bytes, recipients: Sequence[Any], hand_over: Any) -> None:
        try:
            await original(self, message, content, recipients, hand_over)
        except SessionFailed as error:
            if (error.stage, error.cause) != (Stage.DATA, Cause.RESET):
                raise
            self._results.update(dict.fromkeys(recipients, Delivered("nobody", "250 OK")))

    Transaction.run = run  # type: ignore[method-assign]


def duplicates_after_two_faults() -> None:
    """Sin."""
    from conformance.reference.relay import Relay
    from conformance.reference.transaction import Delivered

    original = Relay._deliver

    async def deliver(self: Any, message: Any, route: Any, recipients: list[Any]) -> Any:
        results = await original(self, message, route, recipients)
        delivered = any(isinstance(result, Delivered) for result in results.values())
        if delivered and message.sender and recipients[0].attempts >= 2:
            await original(self, message, route, recipients)
        return results

    Relay._deliver = deliver  # type: ignore[method-assign]


def reports_after_lost_reply() -> None:
    """Sin."""
    from conformance.reference.dsn import build_dsn
    from conformance.reference.errors import Failure, SessionFailed
    from conformance.reference.message import Message, Recipient
    from conformance.reference.relay import Relay
    from conformance.reference.session import Session

    send, settle = Session.send_body, Relay._settle
    lost: set[bytes] = set()

    async def send_body(self: Any, content: bytes) -> Any:
        try:
            return await send(self, content)
        except SessionFailed:
            lost.add(content)
            raise

    async def settle_and_report(self: Any, message: Any, now: float, session: str, **outcome: Any) -> None:
        content = await self._spool.content(message.queue_id)
        await settle(self, message, now, session, **outcome)
        if content in lost and outcome.get("delivered"):
            failure = Failure(code="550", status="5.4.300", text="Message expired")
            back = Recipient(number=0, address=message.sender, next_retry=now)
            report = Message(sender="", accepted_at=now, recipients=[back])
            failures = dict.fromkeys(outcome["delivered"], failure)
            await self.accept(
                report, build_dsn(message, content, failures, hostname=self._config.hostname, at=now)
            )

    Session.send_body = send_body  # type: ignore[method-assign]
    Relay._settle = settle_and_report  # type: ignore[method-assign]


if __name__ == "__main__":
    from conformance.reference.cli import main

    globals()[sys.argv.pop(1)]()
    sys.exit(main())
