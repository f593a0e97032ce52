"""Error code: 450 4.4.312 DNS query failed.

The smart host's name cannot be turned into an address.
"""

from conformance.catalogue.destination import DnsName, EachAttempt, Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.section import Section
from conformance.witness.dns import query_failed, query_spoilt, query_unanswered
from fake_servers import (
    HangUp,
    Lame,
    Malformed,
    NoData,
    NxDomain,
    OtherName,
    Refused,
    ServFail,
    Silence,
    Truncated,
    WrongId,
)

_DNS_WORDS = ("dns", "name", "lookup", "resol", "domain", "query", "records")

MODES = (
    FailureMode(
        name="dns_nxdomain",
        section=Section.DNS_QUERY_FAILED,
        staged="The name of the smart host does not exist (NXDOMAIN).",
        hosts=(Host(dns=DnsName(answer=NxDomain())),),
        witness=query_failed,
        explained_by=("nonexist", "nxdomain", "notexist", "notfound", "unknown", "nosuch"),
    ),
    FailureMode(
        name="dns_nodata",
        section=Section.DNS_QUERY_FAILED,
        staged="The name of the smart host exists but has no address (NODATA).",
        hosts=(Host(dns=DnsName(answer=NoData())),),
        witness=query_failed,
        explained_by=("norecord", "nodata", "noaddress", "notfound", "noanswer"),
    ),
    FailureMode(
        name="dns_servfail",
        section=Section.DNS_QUERY_FAILED,
        staged="The name server answers SERVFAIL.",
        hosts=(Host(dns=DnsName(answer=ServFail())),),
        witness=query_failed,
        explained_by=(*_DNS_WORDS, "servfail", "retry", "tryagain"),
    ),
    FailureMode(
        name="dns_refused",
        section=Section.DNS_QUERY_FAILED,
        staged="The name server answers REFUSED.",
        hosts=(Host(dns=DnsName(answer=Refused())),),
        witness=query_failed,
        explained_by=(*_DNS_WORDS, "refused", "retry", "tryagain"),
    ),
    FailureMode(
        name="dns_no_answer",
        section=Section.DNS_QUERY_FAILED,
        staged="The name server never answers.",
        hosts=(Host(dns=DnsName(answer=Silence())),),
        witness=query_unanswered,
        attempt=EachAttempt(timeout=Timeout.DNS),
        explained_by=(*_DNS_WORDS, "timeout", "timedout", "retry", "tryagain"),
    ),
    FailureMode(
        name="dns_lame",
        section=Section.DNS_QUERY_FAILED,
        staged="The name server knows nothing of the zone and refers to the root (a lame delegation).",
        hosts=(Host(dns=DnsName(answer=Lame())),),
        witness=query_failed,
        explained_by=(*_DNS_WORDS, "referral", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="dns_wrong_id",
        section=Section.DNS_QUERY_FAILED,
        staged="The answer holds an address and bears another identifier than the question: a forgery.",
        hosts=(Host(dns=DnsName(served=WrongId)),),
        witness=query_spoilt,
        attempt=EachAttempt(timeout=Timeout.DNS),
        explained_by=(*_DNS_WORDS, "timeout", "timedout", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="dns_malformed",
        section=Section.DNS_QUERY_FAILED,
        staged="The answer bears the right identifier and cannot be parsed.",
        hosts=(Host(dns=DnsName(answer=Malformed())),),
        witness=query_spoilt,
        attempt=EachAttempt(timeout=Timeout.DNS),
        explained_by=(*_DNS_WORDS, "malformed", "format", "timeout", "timedout", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="dns_other_name",
        section=Section.DNS_QUERY_FAILED,
        staged="The answer holds an address that belongs to another name than the one that was asked for.",
        hosts=(Host(dns=DnsName(served=OtherName)),),
        witness=query_spoilt,
        attempt=EachAttempt(timeout=Timeout.DNS),
        explained_by=(*_DNS_WORDS, "timeout", "timedout", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="dns_truncated_no_tcp",
        section=Section.DNS_QUERY_FAILED,
        staged="The answer does not fit into a datagram (TC), and by TCP the name server hangs up.",
        hosts=(Host(dns=DnsName(answer=Truncated(HangUp()))),),
        witness=query_failed,
        attempt=EachAttempt(timeout=Timeout.DNS),
        explained_by=(*_DNS_WORDS, "truncated", "tcp", "timeout", "timedout", "retry", "tryagain"),
        brief=True,
    ),
    FailureMode(
        name="dns_cname_loop",
        section=Section.DNS_QUERY_FAILED,
        staged="The name of the smart host is an alias (CNAME) of a name that is an alias of the first.",
        hosts=(Host(dns=DnsName(aliases=1, loops=True)),),
        witness=query_failed,
        attempt=EachAttempt(connections=10),  # some resolvers go round until they have had enough
        explained_by=(*_DNS_WORDS, "loop", "alias", "cname", "retry", "tryagain"),
    ),
)
