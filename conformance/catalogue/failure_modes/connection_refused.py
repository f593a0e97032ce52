"""Error code: 450 4.4.316 Connection refused.

A firewall or a server that is shut down refuses the connection.
"""

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.destination import Host, Tcp
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.section import Section
from conformance.witness.connections import syn_refused

_WORDS = ("refused", "10061", "111")

MODES = (
    FailureMode(
        name="connection_refused",
        section=Section.CONNECTION_REFUSED,
        staged="Nothing listens on the server's port: a connection attempt is answered with RST.",
        hosts=(Host(tcp=Tcp.REFUSE),),
        witness=syn_refused,
        explained_by=_WORDS,
    ),
    FailureMode(
        name="wildcard_refused",
        section=Section.CONNECTION_REFUSED,
        staged="The same where the connector is for all names below a domain.",
        routing=SmartHosts(wildcard=True),
        hosts=(Host(tcp=Tcp.REFUSE),),
        witness=syn_refused,
        explained_by=_WORDS,
    ),
)
