"""Error code: 450 4.4.315 Connection timed out.

The destination server cannot be reached.
"""

from conformance.catalogue.failure_mode import FailureMode, Host, Tcp
from conformance.witness.attempts import syn_dropped, unreachable

_SECTION = "4.4.315"
_TIME_WORDS = ("timedout", "timeout", "10060", "noresponse", "notrespond", "deadline")

MODES = (
    FailureMode(
        name="connect_timeout",
        section=_SECTION,
        staged="The server's backlog is full: a connection attempt (SYN) is never answered.",
        hosts=(Host(tcp=Tcp.HANG),),
        witness=syn_dropped,
        timeout="connect",
        explained_by=_TIME_WORDS,
    ),
    FailureMode(
        name="host_unreachable",
        section=_SECTION,
        staged="There is no way to the server's address: the network answers that it is unreachable.",
        hosts=(Host(tcp=Tcp.UNREACHABLE),),
        witness=unreachable,
        explained_by=("unreachable", "noroute", *_TIME_WORDS),
    ),
)
