"""The misbehaving world: name servers, mail servers and networks that fail on request, usable on their own.

All servers note what they see and do in one `Journal`. To try one by hand: `python -m fake_servers --help`.

Example::

    journal = Journal()
    server = SmtpServer(journal, hostname="mx.a.test", script=Script(Rule(Stage.GREETING, Stall())))
    await server.start("127.0.0.1", 2525)
"""

from fake_servers.dns import (
    Answer,
    Cname,
    Delayed,
    DnsServer,
    ForgedElsewhere,
    ForgedFirst,
    HangUp,
    Lame,
    Malformed,
    NoData,
    NxDomain,
    OtherName,
    Records,
    Refused,
    ServFail,
    Silence,
    Truncated,
    WrongId,
    Zone,
)
from fake_servers.endpoint import endpoint
from fake_servers.events import Event
from fake_servers.journal import Journal
from fake_servers.smtp import (
    OFFER,
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
    Rule,
    Script,
    Slow,
    SmtpServer,
    Stage,
    Stall,
    Trickle,
)
from fake_servers.tcp import Hanging, PacketWatch, Refusing, SynWatch, Unreachable, probe
from fake_servers.tls import Certificate, CertificateAuthority

__all__ = [
    "OFFER",
    "Accept",
    "Action",
    "Answer",
    "Certificate",
    "CertificateAuthority",
    "Close",
    "CloseWith421",
    "Cname",
    "Delayed",
    "DnsServer",
    "Endless",
    "Event",
    "Followed",
    "ForgedElsewhere",
    "ForgedFirst",
    "HangUp",
    "Hanging",
    "InPieces",
    "Journal",
    "Lame",
    "Malformed",
    "NoData",
    "NxDomain",
    "OtherName",
    "PacketWatch",
    "Raw",
    "ReadSlowly",
    "Records",
    "Refuse",
    "Refused",
    "Refusing",
    "Reply",
    "Reset",
    "Rule",
    "Script",
    "ServFail",
    "Silence",
    "Slow",
    "SmtpServer",
    "Stage",
    "Stall",
    "SynWatch",
    "Trickle",
    "Truncated",
    "Unreachable",
    "WrongId",
    "Zone",
    "endpoint",
    "probe",
]
