"""Servers that take content slowly, and take it: each block within the time-out, and the whole in several time-outs.

RFC 5321 section 4.5.3.2.5 has a time-out for each block: for the completion of the TCP SEND call that is under way. A
relay sees that a server is slow once its own socket is full, of which the server has no say but by its receive buffer
and its segments. Even so some systems let it grow to a megabyte, so each pause lets that many octets pass that a third
of it, from which on the kernel lets a client write again, is free within a second; and the message is larger than what
is read slowly and the socket together, so that no time-out for the reply begins before the pauses are over.
"""

from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import ReadSlowly, Rule, Stage

_OCTETS = 4_000_000
_PIECES = ReadSlowly(octets=32_768, seconds=0.08, times=80)
_SMALL_BUFFER = 4_096
_SMALL_SEGMENT = 1_400  # as on the networks that others have

MODES = (
    FailureMode(
        name="reads_slowly",
        section=Section.READS_SLOWLY,
        staged=f"The message has {_OCTETS:,} octets, and a healthy server reads {_PIECES.octets * _PIECES.times:,} of "
        f"them in pieces of {_PIECES.octets:,} with {_PIECES.seconds:g} s between two, {_PIECES.lasts:g} s in all.",
        kind=Kind.HARMLESS,
        hosts=(
            Host(rules=(Rule(Stage.BODY, _PIECES),), receive_buffer=_SMALL_BUFFER, segment=_SMALL_SEGMENT),
        ),
        message=Message(octets=_OCTETS),
        witness=fault_played,
    ),
)
