"""Mutants whose errors explain nothing or name the wrong server."""

from __future__ import annotations

from .mutant import Mutant, deviates, fails

# A detail that is not there names no cause.
_NO_CAUSE = ("error/detail-names-cause",)

TEXT = (
    Mutant(
        name="drops_the_detail",
        sin="Shows the code and its title, and nothing that explains the failure.",
        scenarios=(
            "connection_refused",
            "dns_nxdomain",
            "close_at_mail",
            "greeting_421",
            "certificate_expired",
        ),
        caught=(
            deviates(
                "error_detail",
                "error/detail-given",
                "connection_refused",
                "dns_nxdomain",
                "close_at_mail",
                besides=_NO_CAUSE,
            ),
            fails("error_detail", "error/detail", "greeting_421", "certificate_expired", besides=_NO_CAUSE),
        ),
    ),
    Mutant(
        name="says_only_the_code",
        sin="Shows nothing but the code and the destination server.",
        scenarios=("connection_refused", "host_unreachable"),
        caught=(
            deviates("error_detail", "error/detail-given", "connection_refused", besides=_NO_CAUSE),
            fails("error_detail", "error/detail", "host_unreachable", besides=_NO_CAUSE),
            deviates("error_detail", "rfc/diagnostic", profile="rfc"),
        ),
    ),
    Mutant(
        name="detail_says_nothing",
        sin="Explains every failure with the words An error occurred.",
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
    ),
    Mutant(
        name="names_no_destination",
        sin="Does not tell which server it tried.",
        scenarios=("connection_refused", "dns_nxdomain", "greeting_421_every_host"),
        caught=(
            fails("destination_server", "error/destination-server"),
            deviates("destination_server", "rfc/remote-host", profile="rfc"),
        ),
    ),
    Mutant(
        name="names_another_destination",
        sin="Names a server that it never tried.",
        scenarios=("connection_refused",),
        caught=(fails("destination_server", "error/destination-server"),),
    ),
    Mutant(
        name="names_the_first_host_tried",
        sin="Of several servers that failed it names the first, not the last.",
        scenarios=("greeting_421_every_host", "greeting_421"),
        caught=(fails("destination_server", "error/destination-server", "greeting_421_every_host"),),
    ),
    Mutant(
        name="shows_no_error",
        sin="Defers without a word, in its log and in its queue.",
        scenarios=("connection_refused", "greeting_421"),
        caught=(
            fails("error_code", "connection-refused/error-code", "connection_refused"),
            fails("error_code", "cannot-connect/error-code", "greeting_421"),
            deviates("error_detail", "error/detail-given", "connection_refused"),
            fails("error_detail", "error/detail", "greeting_421"),
            fails("destination_server", "error/destination-server"),
        ),
    ),
)
