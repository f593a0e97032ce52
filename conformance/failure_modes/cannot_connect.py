"""Error code: 450 4.4.317 Cannot connect to remote server.

The server answers with an immediate error, or does not meet the connector's requirements.
"""

from conformance.failure_mode import FailureMode, Host
from conformance.target import TlsPolicy
from conformance.witness import fault_played, starttls_missing
from fake_servers import Certificate, Raw, Reply, Rule, Stage

_SECTION = "4.4.317"
_NOT_AVAILABLE = "4.3.2 Service not available"
_GREETS_421 = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, _NOT_AVAILABLE)),))

MODES = (
    FailureMode(
        name="greeting_421",
        section=_SECTION,
        staged=f'The server greets with "421 {_NOT_AVAILABLE}".',
        hosts=(_GREETS_421,),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
    ),
    FailureMode(
        name="greeting_421_every_host",
        section=_SECTION,
        staged=f'Both smart hosts of the connector greet with "421 {_NOT_AVAILABLE}".',
        hosts=(_GREETS_421, _GREETS_421),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
    ),
    FailureMode(
        name="greeting_554",
        section=_SECTION,
        staged='The server greets with "554 5.3.2 No SMTP service here".',
        hosts=(Host(rules=(Rule(stage=Stage.GREETING, action=Reply(554, "5.3.2 No SMTP service here")),)),),
        witness=fault_played,
        explained_by=("nosmtpservicehere", "554"),
    ),
    FailureMode(
        name="tls_not_offered",
        section=_SECTION,
        staged="The connector requires TLS and the server does not offer STARTTLS.",
        hosts=(Host(),),
        tls=TlsPolicy.ENCRYPTION_ONLY,
        witness=starttls_missing,
        explained_by=("starttls", "tls"),
        control="verified_tls",
    ),
    FailureMode(
        name="starttls_454",
        section=_SECTION,
        staged='The connector requires TLS and the server answers STARTTLS with "454 4.7.0 TLS not available".',
        hosts=(
            Host(
                certificate=Certificate.GOOD,
                rules=(Rule(stage=Stage.STARTTLS, action=Reply(454, "4.7.0 TLS not available")),),
            ),
        ),
        tls=TlsPolicy.ENCRYPTION_ONLY,
        witness=fault_played,
        explained_by=("starttls", "tls", "454"),
        control="verified_tls",
    ),
    FailureMode(
        name="tls_handshake_garbage",
        section=_SECTION,
        staged="The connector requires TLS; the server accepts STARTTLS and sends octets that are not TLS.",
        hosts=(
            Host(
                certificate=Certificate.GOOD,
                rules=(Rule(stage=Stage.HANDSHAKE, action=Raw(b"This is not a TLS record.\r\n")),),
            ),
        ),
        tls=TlsPolicy.ENCRYPTION_ONLY,
        witness=fault_played,
        explained_by=("tls", "ssl", "handshake"),
        control="verified_tls",
    ),
)
