"""Mail servers that are healthy or misbehave by a script.

`SmtpServer` plays a `Script` of `Rule`s; a rule names a `Stage` of the dialogue and an action.
"""

from fake_servers.smtp.actions import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Endless,
    Followed,
    InPieces,
    Raw,
    ReadSlowly,
    Refuse,
    Reply,
    Reset,
    Slow,
    Stall,
    Trickle,
)
from fake_servers.smtp.script import OFFER, Rule, Script
from fake_servers.smtp.server import SmtpServer
from fake_servers.stages import Stage

__all__ = [
    "OFFER",
    "Accept",
    "Action",
    "Close",
    "CloseWith421",
    "Endless",
    "Followed",
    "InPieces",
    "Raw",
    "ReadSlowly",
    "Refuse",
    "Reply",
    "Reset",
    "Rule",
    "Script",
    "Slow",
    "SmtpServer",
    "Stage",
    "Stall",
    "Trickle",
]
