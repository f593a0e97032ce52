"""Every smart host is broken, each in its own way: the error is that of the one tried last.

The source document asks for the destination server, samples of the live service call it `LastAttemptedServerName`.
"""

from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Close, Reply, Rule, Stage

_UNAVAILABLE = "4.3.2 Service not available"
_GREETS_421 = Host(
    rules=(Rule(stage=Stage.GREETING, action=Reply(421, _UNAVAILABLE)),),
    like="greeting_421",
)
_CLOSES = Host(rules=(Rule(stage=Stage.EHLO, action=Close()),), like="close_at_ehlo")
_WORDS = ("servicenotavailable", "421", "closed", "dropped", "lostconnection", "connectionlost")

MODES = (
    FailureMode(
        name="hosts_close_then_421",
        section=Section.CANNOT_CONNECT,
        staged=(
            "Two smart hosts: the first closes the connection after EHLO, the second greets with "
            f'"421 {_UNAVAILABLE}".'
        ),
        hosts=(_CLOSES, _GREETS_421),
        witness=fault_played,
        explained_by=_WORDS,
    ),
    FailureMode(
        name="hosts_421_then_close",
        section=Section.CLOSED_ABRUPTLY,
        staged=(
            f'Two smart hosts: the first greets with "421 {_UNAVAILABLE}", the second closes the connection '
            "after EHLO."
        ),
        hosts=(_GREETS_421, _CLOSES),
        witness=fault_played,
        explained_by=_WORDS,
    ),
)
