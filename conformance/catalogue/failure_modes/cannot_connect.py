"""Error code: 450 4.4.317 Cannot connect to remote server.

Every server answers with an immediate error, or the server does not meet the connector's requirements; more of it is
in the grid.
"""

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.connections import fault_played
from conformance.witness.tls import starttls_missing
from fake_servers import Reply, Rule, Stage

_NOT_AVAILABLE = "4.3.2 Service not available"
_NO_COMMAND = "502 5.5.1 Command not implemented"  # what STARTTLS gets where it is not offered
_GREETS_421 = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, _NOT_AVAILABLE)),))

MODES = (
    FailureMode(
        name="greeting_421_every_host",
        section=Section.CANNOT_CONNECT,
        staged=f'Both smart hosts of the connector greet with "421 {_NOT_AVAILABLE}".',
        hosts=(_GREETS_421, _GREETS_421),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
    ),
    FailureMode(
        name="tls_not_offered",
        section=Section.CANNOT_CONNECT,
        staged="The connector requires TLS and the server does not offer STARTTLS.",
        hosts=(Host(),),
        tls=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY),
        witness=starttls_missing,
        explained_by=("starttls", "tls", _NO_COMMAND),
    ),
)
