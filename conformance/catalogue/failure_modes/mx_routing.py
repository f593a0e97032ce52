"""A connector that routes by MX records: the look-up of these fails, or leads nowhere (RFC 5321 section 5.1).

The source document counts "the MX record can't be retrieved" among the causes of 450 4.4.312.
"""

from conformance.catalogue.connector import MxRouting
from conformance.catalogue.destination import DnsName, EachAttempt, Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import RECIPIENT, Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played
from conformance.witness.dns import alias_told, mx_elsewhere, mx_query_failed, mx_unanswered, query_failed
from fake_servers import (
    Answer,
    HangUp,
    NoData,
    NxDomain,
    Records,
    Refused,
    Reply,
    Rule,
    ServFail,
    Silence,
    Stage,
    Truncated,
)

_DNS_WORDS = ("dns", "name", "lookup", "resol", "domain", "query", "records")
_NO_SUCH_NAME = ("nonexist", "nxdomain", "notexist", "notfound", "unknown", "nosuch")
_BUSY = Reply(450, "4.2.1 Mailbox busy")
_SECOND = "second"
_GREETS_421 = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, "4.3.2 Service not available")),))


def _beside_address(
    name: str,
    what: str,
    answer: Answer,
    witness: Witness,
    words: tuple[str, ...],
    *,
    timeout: Timeout | None = None,
) -> FailureMode:
    """Return a failure mode in which a relay that does without MX records finds a server, and may not go there."""
    return FailureMode(
        name=f"mx_{name}_beside_address",
        section=Section.DNS_QUERY_FAILED,
        staged=(
            f"The look-up of the MX records {what}; the recipient domain has an address with a healthy "
            "server, where no mail may go before it is known that there are no MX records."
        ),
        hosts=(Host(), Host()),
        routing=MxRouting(answer=answer, apex=True, forbidden=(1,)),
        witness=witness,
        attempt=EachAttempt(timeout=timeout),
        explained_by=(*_DNS_WORDS, *words, "retry", "tryagain"),
        brief=True,
    )


MODES = (
    FailureMode(
        name="mx_nxdomain",
        section=Section.DNS_QUERY_FAILED,
        staged="Mail is routed by MX; the recipient domain does not exist (NXDOMAIN).",
        routing=MxRouting(answer=NxDomain()),
        witness=mx_query_failed,
        explained_by=_NO_SUCH_NAME,
    ),
    FailureMode(
        name="mx_nodata",
        section=Section.DNS_QUERY_FAILED,
        staged="Mail is routed by MX; the recipient domain exists and has neither MX nor address records.",
        routing=MxRouting(answer=NoData()),
        witness=mx_query_failed,
        explained_by=("norecord", "nodata", "noaddress", "notfound", "noanswer", "nomx"),
    ),
    FailureMode(
        name="mx_servfail",
        section=Section.DNS_QUERY_FAILED,
        staged="Mail is routed by MX; the name server answers SERVFAIL for everything about the recipient domain.",
        routing=MxRouting(answer=ServFail()),
        witness=mx_query_failed,
        explained_by=(*_DNS_WORDS, "servfail", "retry", "tryagain"),
    ),
    FailureMode(
        name="mx_refused",
        section=Section.DNS_QUERY_FAILED,
        staged="Mail is routed by MX; the name server answers REFUSED for everything about the recipient domain.",
        routing=MxRouting(answer=Refused()),
        witness=mx_query_failed,
        explained_by=(*_DNS_WORDS, "refused", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="mx_no_answer",
        section=Section.DNS_QUERY_FAILED,
        staged="Mail is routed by MX; the name server never answers a question about the recipient domain.",
        routing=MxRouting(answer=Silence()),
        witness=mx_unanswered,
        attempt=EachAttempt(timeout=Timeout.DNS),
        explained_by=(*_DNS_WORDS, "timeout", "timedout", "retry", "tryagain"),
        brief=True,
    ),
    _beside_address("servfail", "fails with SERVFAIL", ServFail(), mx_query_failed, ("servfail",)),
    _beside_address("refused", "is answered with REFUSED", Refused(), mx_query_failed, ("refused",)),
    _beside_address(
        "no_answer",
        "is never answered",
        Silence(),
        mx_unanswered,
        ("timeout", "timedout"),
        timeout=Timeout.DNS,
    ),
    _beside_address(
        "truncated",
        "is answered with a truncated reply (TC), and by TCP the name server hangs up",
        Truncated(HangUp()),
        mx_query_failed,
        ("truncated", "tcp", "timeout", "timedout"),
        timeout=Timeout.DNS,
    ),
    FailureMode(
        name="mx_unnamed_deferred_deferred",
        section=Section.TRANSIENT_REPLIES,
        staged="No connector names the recipient domain, whose mail exchanger answers RCPT for either of two with "
        f'"{_BUSY.code} {_BUSY.text}".',
        kind=Kind.MIXED,
        hosts=(Host(rules=tuple(Rule(Stage.RCPT, _BUSY, recipient=each) for each in (RECIPIENT, _SECOND))),),
        routing=MxRouting(unnamed=True),
        message=Message(also_to=(_SECOND,)),
        witness=fault_played,
        attempt=EachAttempt(connections=2),
    ),
    FailureMode(
        name="mx_target_nxdomain",
        section=Section.DNS_QUERY_FAILED,
        staged="The only MX record names a host that does not exist (NXDOMAIN).",
        hosts=(Host(dns=DnsName(answer=NxDomain())),),
        routing=MxRouting(),
        witness=query_failed,
        explained_by=_NO_SUCH_NAME,
    ),
    FailureMode(
        name="mx_target_servfail",
        section=Section.DNS_QUERY_FAILED,
        staged="The only MX record names a host whose address cannot be looked up (SERVFAIL).",
        hosts=(Host(dns=DnsName(answer=ServFail())),),
        routing=MxRouting(),
        witness=query_failed,
        explained_by=(*_DNS_WORDS, "servfail", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="mx_target_beside_address",
        section=Section.DNS_QUERY_FAILED,
        staged=(
            "The only MX record names a host that does not exist; the recipient domain has an address with a healthy "
            "server, where no mail may go because there is an MX record."
        ),
        hosts=(Host(dns=DnsName(answer=NxDomain())), Host()),
        routing=MxRouting(apex=True, forbidden=(1,)),
        witness=query_failed,
        explained_by=_NO_SUCH_NAME,
        brief=True,
    ),
    FailureMode(
        name="mx_greeting_421_beside_address",
        section=Section.CANNOT_CONNECT,
        staged=(
            'The only mail exchanger greets with "421 4.3.2 Service not available"; the recipient domain has an '
            "address with a healthy server, where no mail may go because there is an MX record."
        ),
        hosts=(_GREETS_421, Host()),
        routing=MxRouting(apex=True, forbidden=(1,)),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
    FailureMode(
        name="mx_target_cname",
        section=Section.DNS_QUERY_FAILED,
        staged="The only MX record names an alias (CNAME), which no MX record may do; the alias leads to an address.",
        hosts=(Host(dns=DnsName(aliases=1)),),
        routing=MxRouting(),
        witness=alias_told,
        explained_by=(*_DNS_WORDS, "cname", "alias"),
        brief=True,
    ),
    FailureMode(
        name="mx_relay_in_list",
        section=Section.CANNOT_CONNECT,
        staged=(
            'The best mail exchanger greets with "421 4.3.2 Service not available"; the next one is the relay itself, '
            "and the last one is healthy: it is less preferred than the relay, so mail could run in circles."
        ),
        hosts=(_GREETS_421, Host()),
        routing=MxRouting(preferences=(10, 30), relay=20, forbidden=(1,)),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
    FailureMode(
        name="mx_relay_is_best",
        section=Section.MX_SELF,
        staged="The best mail exchanger of the recipient domain is the relay itself; a healthy one is less preferred.",
        kind=Kind.PERMANENT,
        hosts=(Host(),),
        routing=MxRouting(preferences=(20,), relay=10, forbidden=(0,)),
        witness=mx_elsewhere,
    ),
    FailureMode(
        name="mx_null",
        section=Section.MX_NULL,
        staged=(
            'The domain says by its only MX record, "0 .", that it accepts no mail; its address record leads to a '
            "healthy server all the same."
        ),
        kind=Kind.PERMANENT,
        hosts=(Host(),),
        routing=MxRouting(preferences=(), answer=Records("0 ."), apex=True, forbidden=(0,)),
        witness=mx_elsewhere,
    ),
)
