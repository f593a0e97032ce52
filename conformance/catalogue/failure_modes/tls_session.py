"""STARTTLS that is missing, refused, broken, too old or tampered with, under each rule of a connector (RFC 3207).

Encryption only is the section 4.4.317 (`cannot_connect`); no STARTTLS without a rule is the control `plain`.
"""

from ssl import TLSVersion

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played
from conformance.witness.tls import handshake_failed, offered_before_tls, starttls_missing
from fake_servers import Raw, Reply, Rule, Stage

_RULES = {
    TlsPolicy.OPPORTUNISTIC: "asks for no TLS",
    TlsPolicy.ENCRYPTION_ONLY: "requires TLS",
    TlsPolicy.CERTIFICATE_VALIDATION: "requires a certificate of a trusted authority",
    TlsPolicy.DOMAIN_VALIDATION: "requires a certificate valid for the smart host",
}
_STRICT = (TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)
_NO_TLS = "454 4.7.0 TLS not available"
_REFUSED = Rule(Stage.STARTTLS, Reply(454, "4.7.0 TLS not available"))
_NO_COMMAND = "502 5.5.1 Command not implemented"
_UNKNOWN = Rule(Stage.STARTTLS, Reply(502, "5.5.1 Command not implemented"))
_BROKEN = Rule(Stage.HANDSHAKE, Raw(b"This is not a TLS record.\r\n"))
# What a man in the middle would have the client take for the reply to its next command.
_INJECTED = Rule(
    Stage.STARTTLS, Raw(b"220 2.0.0 Ready to start TLS\r\n250-injected.invalid\r\n250 SIZE 10\r\n")
)
_TLS_WORDS = ("tls", "ssl", "handshake", "protocol", "version")


def _trouble(
    what: str, policy: TlsPolicy, staged: str, host: Host, witness: Witness, words: tuple[str, ...]
) -> FailureMode:
    lax = policy is TlsPolicy.OPPORTUNISTIC
    return FailureMode(
        name=f"{what}_under_{policy}",
        section=Section.TLS_FALLBACK if lax else Section.CANNOT_CONNECT,
        staged=f"The connector {_RULES[policy]}; {staged}.",
        hosts=(host,),
        tls=TlsRule(policy=policy),
        witness=witness,
        explained_by=words,
        brief=True,
    )


_MISSING = tuple(
    _trouble(
        "no_starttls",
        policy,
        "the server does not offer STARTTLS",
        Host(),
        starttls_missing,
        ("starttls", "tls", _NO_COMMAND),
    )
    for policy in _STRICT
)

_TROUBLES = tuple(
    _trouble(
        what,
        policy,
        staged,
        Host(tls=ServerTls(), rules=(rule,)),
        fault_played,
        (*words, *_TLS_WORDS),
    )
    for policy in (TlsPolicy.OPPORTUNISTIC, *_STRICT)
    for what, rule, staged, words in (
        ("starttls_454", _REFUSED, f'the server answers STARTTLS with "{_NO_TLS}"', ("starttls", "454")),
        ("starttls_502", _UNKNOWN, f'the server answers STARTTLS with "{_NO_COMMAND}"', ("starttls", "502")),
        ("broken_handshake", _BROKEN, "the server accepts STARTTLS and sends octets that are not TLS", ()),
    )
)

# A relay may say STARTTLS to a server that does not offer it. Most answer 502, as do all that are staged without a word
# on it; some answer otherwise, and whatever they answer is about TLS and not about the message.
_UNOFFERED = (
    *(
        FailureMode(
            name=f"tls_not_offered_{reply.code}",
            section=Section.CANNOT_CONNECT,
            staged=(
                "The connector requires TLS and the server does not offer STARTTLS, and answers it with "
                f'"{reply.text}".'
            ),
            hosts=(Host(rules=(Rule(Stage.STARTTLS, reply),)),),
            tls=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY),
            witness=starttls_missing,
            explained_by=("starttls", "tls", reply.text),
            brief=True,
        )
        for reply in (Reply(454, "4.7.0 TLS not available"), Reply(500, "5.3.3 Unrecognized command"))
    ),
    FailureMode(
        name="tls_not_offered_454_under_opportunistic",
        section=Section.TLS_UNOFFERED,
        staged=(
            "The connector asks for no TLS; the server does not offer STARTTLS, and answers it with "
            f'"{_NO_TLS}". It is healthy.'
        ),
        kind=Kind.HARMLESS,
        hosts=(Host(rules=(_REFUSED,)),),
        witness=fault_played,
        avoidable_because="the relay says STARTTLS only where it is offered",
    ),
)

# RFC 8996: TLS 1.0 and 1.1 MUST NOT be negotiated.
_TOO_OLD = tuple(
    _trouble(
        what,
        policy,
        f"the server speaks no newer version than {name}",
        Host(tls=ServerTls(newest=newest)),
        handshake_failed,
        _TLS_WORDS,
    )
    for what, newest, name in (
        ("tls_1_0", TLSVersion.TLSv1, "TLS 1.0"),
        ("tls_1_1", TLSVersion.TLSv1_1, "TLS 1.1"),
    )
    for policy in (TlsPolicy.OPPORTUNISTIC, TlsPolicy.ENCRYPTION_ONLY)
)

# RFC 3207 section 4.2: what was learned in clear is forgotten, and not what was sent in clear is read under TLS.
_INJECTIONS = tuple(
    _trouble(
        "injected_plaintext",
        policy,
        'the reply to STARTTLS is followed by a reply in clear, "250 SIZE 10"',
        Host(tls=ServerTls(extensions=()), extensions=(), rules=(_INJECTED,)),
        fault_played,
        _TLS_WORDS,
    )
    for policy in (TlsPolicy.OPPORTUNISTIC, TlsPolicy.DOMAIN_VALIDATION)
)

_FORGOTTEN = FailureMode(
    name="extensions_shrink_under_tls",
    section=Section.TLS_FORGETS,
    staged="The server offers SIZE 200, 8BITMIME and DSN in clear, and none of them under TLS.",
    kind=Kind.HARMLESS,
    hosts=(Host(tls=ServerTls(extensions=()), extensions=("SIZE 200", "8BITMIME", "DSN")),),
    tls=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY),
    witness=offered_before_tls("SIZE 200"),
)

MODES = (*_MISSING, *_TROUBLES, *_UNOFFERED, *_TOO_OLD, *_INJECTIONS, _FORGOTTEN)
