"""A connector that routes by MX records: the look-up of these fails, or leads nowhere (RFC 5321 section 5.1)."""

from conformance.failure_mode import FailureMode, MxRouting
from conformance.witness import mx_query_failed
from fake_servers import ServFail

_SECTION = "4.4.312"
_DNS_WORDS = ("dns", "name", "lookup", "resol", "domain", "query", "records")

MODES = (
    FailureMode(
        name="mx_servfail",
        section=_SECTION,
        staged="Mail is routed by MX; the name server answers SERVFAIL for everything about the recipient domain.",
        mx=MxRouting(answer=ServFail()),
        witness=mx_query_failed,
        explained_by=(*_DNS_WORDS, "servfail", "retry", "tryagain"),
        control="plain_mx",
    ),
)
