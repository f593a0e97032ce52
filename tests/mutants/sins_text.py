"""Sins of explanation: errors without detail, without cause, without the destination server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import errors, relay
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.events import Outcome
from mutants.patching import patch, sin


def _deferred(**changes: Any) -> None:
    """Change what is remembered of every failure of the relay's own finding."""

    def make(original: Any) -> Any:
        def deferral(*args: Any, **kwargs: Any) -> Failure:
            failure: Failure = original(*args, **kwargs)
            return replace(failure, **changes)

        return deferral

    patch(errors, "deferral", make)


@sin
def drops_the_detail() -> None:
    _deferred(detail="")


@sin
def says_only_the_code() -> None:
    _deferred(detail="", text="")


@sin
def detail_says_nothing() -> None:
    _deferred(detail="An error occurred")


@sin
def names_no_destination() -> None:
    _deferred(server="", address="")


@sin
def names_another_destination() -> None:
    _deferred(server="mx.elsewhere.test", address="127.1.0.77:25")


@sin
def names_the_first_host_tried() -> None:
    def make(original: Any) -> Any:
        async def try_address(self: Any, *args: Any) -> Any:
            *before, results = args
            news: Any = {}
            answer = await original(self, *before, news)
            for recipient, result in news.items():
                if isinstance(result, Failure):
                    results.setdefault(recipient, result)
                else:
                    results[recipient] = result
            return answer

        return try_address

    patch(Delivery, "_try_address", make)


@sin
def shows_no_error() -> None:
    patch(errors, "format_error", lambda original: lambda *args, **kwargs: "")

    def make(original: Any) -> Any:
        def log(self: Any, outcome: Outcome, *args: Any) -> None:
            if outcome is not Outcome.DEFERRED:
                original(self, outcome, *args)

        return log

    patch(relay.Relay, "_log", make)


@sin
def wrong_code_at_first() -> None:
    def make(original: Any) -> Any:
        def log(
            self: Any, outcome: Outcome, at: Any, message: Any, recipient: Any, text: str, to: str
        ) -> None:
            if outcome is Outcome.DEFERRED and recipient.attempts == 1:
                text = text.replace("4.4.316", "4.4.317", 1)
            original(self, outcome, at, message, recipient, text, to)

        return log

    patch(relay.Relay, "_log", make)
