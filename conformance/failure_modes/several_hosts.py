"""A connector with several smart hosts: what is wrong with one keeps no mail from the next (RFC 5321 section 5.1).

The source document speaks of smart hosts in the plural and is silent on their order.
"""

from conformance.failure_mode import FailureMode, Host, Kind, Tcp
from conformance.witness import syn_refused

_SECTION = "hosts"

MODES = (
    FailureMode(
        name="first_host_refused",
        section=_SECTION,
        staged="The first of two smart hosts refuses the connection; the second is healthy.",
        kind=Kind.HARMLESS,
        hosts=(Host(tcp=Tcp.REFUSE), Host()),
        witness=syn_refused,
    ),
)
