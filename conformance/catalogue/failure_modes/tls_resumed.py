"""TLS sessions that are resumed with another host than the one that gave them.

RFC 8446 section 4.6.1 (TLS 1.3) lets a client resume a session only where the certificate that came with it is valid
for the new name. RFC 5246 (TLS 1.2) says nothing of it; there a session belongs to the name that the client gave when
it was made, and SHOULD give again (RFC 6066 section 3). In both, whoever gives mail to the second host without its
certificate does what the connector's rule forbids, and that is what is judged.

Both hosts take the same sessions, as behind a load balancer. Of a session that is resumed no certificate comes, so a
relay that offers that of the first host to the second never sees that the second one has none that passes. To resume a
session with the host that gave it is nobody's fault.
"""

from ssl import TLSVersion

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.tls import session_at_hand
from fake_servers import Certificate, Reply, Rule, Stage

# After a reply to MAIL the session is there, and the relay goes on to the next host.
_SAYS = Reply(421, "4.3.2 Service not available")
_BUSY = Rule(Stage.MAIL, _SAYS, connections=range(1, 2))

_ROWS = (
    # policy, name, version, the second host's certificate, and both in words
    (
        TlsPolicy.CERTIFICATE_VALIDATION,
        TlsRule.name,
        TLSVersion.TLSv1_3,
        Certificate.UNKNOWN_CA,
        "requires a certificate of a trusted authority",
        "one of an authority that is not trusted",
    ),
    (
        TlsPolicy.DOMAIN_VALIDATION,
        "*.{domain}",
        TLSVersion.TLSv1_2,
        Certificate.WRONG_NAME,
        "requires a certificate for a name below the recipient domain",
        "one for another name",
    ),
)

MODES = tuple(
    FailureMode(
        name=f"session_of_another_host_under_{policy}",
        section=Section.TLS_IDENTITY,
        staged=f"The connector {rule}. The first of two smart hosts presents one, gives out a TLS session (TLS 1."
        f'{version.name.removeprefix("TLSv1_")}) and answers MAIL on its first connection with "'
        f'{_SAYS.text}"; the second would resume that session, and presents {other}.',
        kind=Kind.PASSING,
        hosts=(
            Host(tls=ServerTls(newest=version, oldest=version, resumes=True), rules=(_BUSY,)),
            Host(tls=ServerTls(certificate=certificate, newest=version, oldest=version, resumes=True)),
        ),
        tls=TlsRule(policy=policy, name=name),
        witness=session_at_hand,
        avoidable_because="the order of smart hosts is not prescribed, and the relay had delivered before it came to "
        "the second",
    )
    for policy, name, version, certificate, rule, other in _ROWS
)
