"""Error code: 450 4.4.315 Connection timed out.

The destination server cannot be reached.
"""

from conformance.catalogue.destination import EachAttempt, Host, Tcp, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.section import Section
from conformance.witness.connections import syn_dropped, unreachable

_TIME_WORDS = ("timedout", "timeout", "10060", "noresponse", "notrespond", "deadline")

MODES = (
    FailureMode(
        name="connect_timeout",
        section=Section.CONNECTION_TIMED_OUT,
        staged="The server's backlog is full: a connection attempt (SYN) is never answered.",
        hosts=(Host(tcp=Tcp.HANG),),
        witness=syn_dropped,
        attempt=EachAttempt(timeout=Timeout.CONNECT),
        explained_by=_TIME_WORDS,
    ),
    FailureMode(
        name="host_unreachable",
        section=Section.CONNECTION_TIMED_OUT,
        staged="There is no way to the server's address: the network answers that it is unreachable.",
        hosts=(Host(tcp=Tcp.UNREACHABLE),),
        witness=unreachable,
        explained_by=("unreachable", "noroute", *_TIME_WORDS),
    ),
)
