"""Errors that explain nothing, name no cause, or name no destination server or the wrong one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import errors
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.shared import never_says_a_word

# A detail that is not there names no cause.


def _deferred(**changes: Any) -> None:
    """Change what is remembered of every failure of the relay's own finding."""

    def make(original: Any) -> Any:
        def deferral(*args: Any, **kwargs: Any) -> Failure:
            failure: Failure = original(*args, **kwargs)
            return replace(failure, **changes)

        return deferral

    patch(errors, "deferral", make)


@mutation(
    scenarios=("connection_refused", "dns_nxdomain", "close_at_mail", "greeting_421", "certificate_expired"),
    caught=(
        deviates(
            "error_detail",
            "error/detail-given",
            "connection_refused",
            "dns_nxdomain",
            "close_at_mail",
        ),
        fails("error_detail", "error/detail", "greeting_421", "certificate_expired"),
    ),
)
def drops_the_detail() -> None:
    """Shows the code and its title, and nothing that explains the failure."""
    _deferred(detail="")


@mutation(
    scenarios=("connection_refused", "host_unreachable"),
    caught=(
        deviates("error_detail", "error/detail-given", "connection_refused"),
        fails("error_detail", "error/detail", "host_unreachable"),
        deviates("error_detail", "rfc/diagnostic", profile="rfc"),
    ),
)
def says_only_the_code() -> None:
    """Shows nothing but the code and the destination server."""
    _deferred(detail="", text="")


@mutation(
    scenarios=(
        "greeting_421",
        "dns_nxdomain",
        "connect_timeout",
        "close_at_mail",
        "certificate_expired",
        "certificate_wrong_name",
        "connection_refused",
        "dns_servfail",
    ),
    caught=(deviates("error_detail", "error/detail-names-cause"),),
)
def detail_says_nothing() -> None:
    """Explains every failure with the words An error occurred."""
    _deferred(detail="An error occurred")


@mutation(
    scenarios=("connection_refused", "dns_nxdomain", "greeting_421_every_host"),
    caught=(
        fails("destination_server", "error/destination-server"),
        deviates(
            *("destination_server", "rfc/remote-host", "connection_refused", "greeting_421_every_host"),
            profile="rfc",
        ),
    ),
    also=hence(
        "no look-up led to an address, so that nobody need be named",
        "destination_server",
        verdict="not_applicable",
        modes=("dns_nxdomain",),
        profile="rfc",
    ),
)
def names_no_destination() -> None:
    """Does not tell which server it tried."""
    _deferred(server="", address="")


@mutation(
    scenarios=("connection_refused",), caught=(fails("destination_server", "error/destination-server"),)
)
def names_another_destination() -> None:
    """Names a server that it never tried."""
    _deferred(server="mx.elsewhere.test", address="127.1.0.77:25")


@mutation(
    scenarios=("greeting_421_every_host", "greeting_421"),
    caught=(fails("destination_server", "error/destination-server", "greeting_421_every_host"),),
)
def names_the_first_host_tried() -> None:
    """Of several servers that failed it names the first, not the last."""

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


@mutation(
    scenarios=("connection_refused", "greeting_421"),
    caught=(
        fails("error_code", "connection-refused/error-code", "connection_refused"),
        fails("error_code", "cannot-connect/error-code", "greeting_421"),
        deviates("error_detail", "rfc/diagnostic", profile="rfc"),
    ),
    also=hence(
        "the profile rfc judges a code where one is shown",
        "error_code",
        verdict="not_applicable",
        profile="rfc",
    ),
)
def shows_no_error() -> None:
    """Defers without a word, in its log and in its queue."""
    never_says_a_word()
