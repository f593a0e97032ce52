"""Error code: 450 4.4.318 Connection was closed abruptly.

The server closes (FIN) or resets (RST) the connection instead of answering, at each stage of the dialogue.
"""

from conformance.failure_mode import FailureMode, Host
from conformance.witness import fault_played
from fake_servers import Close, Reset, Rule, Stage

# Where the fault falls: the stage, what the server has just received, and the message's size. A fault inside
# the content needs more of it than the sockets of both sides can hold unseen.
_MOMENTS = (
    (Stage.GREETING, "instead of greeting", 1_500),
    (Stage.EHLO, "after EHLO", 1_500),
    (Stage.MAIL, "after MAIL", 1_500),
    (Stage.RCPT, "after RCPT", 1_500),
    (Stage.DATA, "after DATA", 1_500),
    (Stage.BODY, "in the middle of the message", 400_000),
    (Stage.DOT, "after the final dot", 1_500),
)
_READ_FIRST = 8_192
_SMALL_BUFFER = 4_096


def _mode(stage: Stage, moment: str, octets: int, *, reset: bool) -> FailureMode:
    inside = stage is Stage.BODY
    kind = Reset if reset else Close
    return FailureMode(
        name=f"{'reset' if reset else 'close'}_at_{stage}",
        section="4.4.318",
        staged=f"The server {'resets' if reset else 'closes'} the connection {moment}.",
        hosts=(
            Host(
                rules=(Rule(stage=stage, action=kind(after=_READ_FIRST) if inside else kind()),),
                receive_buffer=_SMALL_BUFFER if inside else None,
            ),
        ),
        witness=fault_played,
        body_octets=octets,
        explained_by=(
            "lost",
            "closed",
            "reset",
            "dropped",
            "disconnect",
            "abrupt",
            "eof",
            "suspicious",
            "10054",
        ),
    )


MODES = tuple(_mode(*moment, reset=reset) for reset in (False, True) for moment in _MOMENTS)
