"""What the name server says changes: old data may be used for as long as their TTL says, and no longer.

The source document, 450 4.4.312: "the DNS servers still have previously cached DNS information". Times to live are
real seconds on every clock.
"""

from conformance.catalogue.connector import MxRouting
from conformance.catalogue.destination import DnsName, Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from conformance.witness.dns import mx_query_failed, query_failed
from fake_servers import NoData, NxDomain, Reply, Rule, Stage

_TTL = 3  # seconds: longer than one retry interval, so that an answer that is kept shows
_UNAVAILABLE = "4.3.2 Service not available"
_NO_SUCH_NAME = ("nonexist", "nxdomain", "notexist", "notfound", "unknown", "nosuch")
_MOVING = Host(
    rules=(Rule(stage=Stage.GREETING, action=Reply(421, _UNAVAILABLE)),),
    dns=DnsName(ttl=_TTL, moves=True),
)

MODES = (
    FailureMode(
        name="stale_address",
        section=Section.CANNOT_CONNECT,
        staged=(
            f"The smart host moves: its name (TTL {_TTL} s) leads to another address from the repair on, and the "
            f'server at the old one goes on greeting with "421 {_UNAVAILABLE}".'
        ),
        hosts=(_MOVING,),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
    FailureMode(
        name="stale_mx",
        section=Section.CANNOT_CONNECT,
        staged=(
            f"The MX record (TTL {_TTL} s) names another host from the repair on; the server of the old one goes on "
            f'greeting with "421 {_UNAVAILABLE}".'
        ),
        hosts=(_MOVING,),
        routing=MxRouting(ttl=_TTL, moves=True),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
    FailureMode(
        name="stale_nxdomain",
        section=Section.DNS_QUERY_FAILED,
        staged=f"The name of the smart host does not exist, which may be remembered for {_TTL} s (NXDOMAIN with SOA).",
        hosts=(Host(dns=DnsName(answer=NxDomain(soa_minimum=_TTL))),),
        witness=query_failed,
        explained_by=_NO_SUCH_NAME,
        brief=True,
    ),
    FailureMode(
        name="stale_nodata",
        section=Section.DNS_QUERY_FAILED,
        staged=f"The smart host has no address, which may be remembered for {_TTL} s (NODATA with SOA).",
        hosts=(Host(dns=DnsName(answer=NoData(soa_minimum=_TTL))),),
        witness=query_failed,
        explained_by=("norecord", "nodata", "noaddress", "notfound", "noanswer"),
        brief=True,
    ),
    FailureMode(
        name="stale_mx_nodata",
        section=Section.DNS_QUERY_FAILED,
        staged=(
            "Mail is routed by MX; the recipient domain has neither MX nor address records, which may be remembered "
            f"for {_TTL} s (NODATA with SOA)."
        ),
        routing=MxRouting(answer=NoData(soa_minimum=_TTL)),
        witness=mx_query_failed,
        explained_by=("norecord", "nodata", "noaddress", "notfound", "noanswer", "nomx"),
        brief=True,
    ),
)
