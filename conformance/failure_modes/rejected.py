"""Permanent refusals: the server says 5yz, and trying again is useless (RFC 5321 section 4.2.1).

The source document names them under "Other error codes"; the FAQ on queued mail says that they are not deferred.
"""

from conformance.failure_mode import FailureMode, Host, Kind
from conformance.witness import fault_played
from fake_servers import Reply, Rule, Stage

SECTION = "5yz"
_TEXT = "5.7.1 Not wanted here"

MODES = tuple(
    FailureMode(
        name=f"rejected_at_{stage}",
        section=SECTION,
        staged=f'The server answers {what} with "550 {_TEXT}".',
        kind=Kind.PERMANENT,
        hosts=(Host(rules=(Rule(stage=stage, action=Reply(550, _TEXT)),)),),
        witness=fault_played,
        explained_by=("notwantedhere", "550"),
    )
    for stage, what in (
        (Stage.MAIL, "MAIL"),
        (Stage.RCPT, "RCPT"),
        (Stage.DATA, "DATA"),
        (Stage.DOT, "the final dot"),
    )
)
