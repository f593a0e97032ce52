"""How long a relay waits for a server in a session, by what it granted and the stage at which it waits.

RFC 5321 section 4.5.3.2 has a time-out for each command, one for each block of the content, and one for the reply to
the final dot. Many relays have one number for all of them; others cannot be set at some stages.
"""

from __future__ import annotations

from conformance.target import Schedule
from fake_servers import Stage


def time_out_at(stage: Stage, granted: Schedule, asked: Schedule) -> float:
    """Return after how many seconds at most a relay gives up a server that falls silent at a stage.

    Amid the content nobody sees how much of it the relay has handed to its own system, and whether it still writes or
    waits for the last reply already: the longer of both time-outs counts. A deadline for the whole delivery ends any
    of these waits.

    Args:
        stage: Where the server falls silent.
        granted: What the relay granted.
        asked: What it was asked for, where it does not say.
    """
    deadline = granted.delivery_deadline
    if deadline is not None and granted.deadline_only:
        return deadline
    command = granted.command_timeout or asked.command_timeout or 0.0
    content, final = granted.content_timeout or command, granted.final_timeout or command
    own = {
        Stage.BODY: max(content, final),
        Stage.DOT: final,
        # a chunk is content, and its reply one to a command; RFC 3030 has no time-outs of its own
        Stage.BDAT: max(content, command),
        Stage.BDAT_LAST: max(content, final),
    }
    seconds = own.get(stage, command)
    return seconds if deadline is None else min(seconds, deadline)


def longest_reply(stage: Stage, granted: Schedule, asked: Schedule) -> float:
    """Return for how many seconds at most a relay listens to a reply that never ends or comes in drops.

    A deadline for the whole delivery is one for each reply as well, if a long one.
    """
    return granted.delivery_deadline or time_out_at(stage, granted, asked)
