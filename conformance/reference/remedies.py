"""What an operator can do about an alert, by the error met last; in words of our own.

The source is the source document ("Mail flow intelligence in EOP"), section by section "How do I fix error
code ...?" and, for every other code, "Other error codes".
"""

from __future__ import annotations

from .classify import (
    CANNOT_CONNECT,
    CERTIFICATE_FAILED,
    CLOSED_ABRUPTLY,
    DNS_QUERY_FAILED,
    REFUSED,
    TIMED_OUT,
)

_BY_STATUS = {
    DNS_QUERY_FAILED.status: "Have your DNS hosting service find and repair the fault in the zone of the host "
    "names in use: the zone may have expired, or old records may still be cached.",
    TIMED_OUT.status: "Check whether the destination server is up and whether its network or its addresses have "
    "changed; if not, correct the smart hosts of the connector.",
    REFUSED.status: "If there are still mailboxes behind the connector, let the firewall accept connections from "
    "this relay.",
    CANNOT_CONNECT.status: "Check the TLS settings and the certificate of the destination server, and the TLS "
    "settings of the connector.",
    CLOSED_ABRUPTLY.status: "Check which of these breaks connections off: a firewall that inspects SMTP, a server "
    "that hangs, crashes or is short of resources, or the network between; have the network team look into the last.",
    CERTIFICATE_FAILED.status: "Renew or correct the certificate of the destination server, or correct the "
    "connector (its trust anchors, the name it expects); queued mail is then delivered.",
}
_OTHERWISE = (
    "Look into the destination server named here, or correct the connector if one of its settings is wrong."
)
_FIX_NOW = (
    "If nothing is to be delivered there any more, Fix now: `fix-now {connector}` turns the connector off and makes "
    "its accepted domains authoritative, so that unknown recipients are refused at once. By hand: set "
    '`enabled = false` in the connector (or delete it) and `type = "authoritative"` in the accepted domain, then '
    "`reload`."
)
_PARTNER = "If the destination is a partner's, ask the partner to repair it."


def how_to_fix(status: str, *, connector: str, fixable: bool) -> str:
    """Return the advice for an error.

    Args:
        status: The enhanced status code; a code without a section of its own gets the general advice.
        connector: The domain of the connector.
        fixable: Whether Fix now would do something; it is offered for refused connections alone, the one
            error that may mean that the destination was shut down for good.
    """
    fix_now = [_FIX_NOW.format(connector=connector)] if fixable and status == REFUSED.status else []
    return " ".join([_BY_STATUS.get(status, _OTHERWISE), *fix_now, _PARTNER])
