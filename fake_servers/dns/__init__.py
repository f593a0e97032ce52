"""A name server that fails in every way a resolver can, on request.

`Zone` says what to answer, the subclasses of `Answer` are the ways to answer, `DnsServer` puts them on the
wire.
"""

from fake_servers.dns.answers import (
    Answer,
    Cname,
    Delayed,
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
)
from fake_servers.dns.server import DnsServer
from fake_servers.dns.zone import Zone

__all__ = [
    "Answer",
    "Cname",
    "Delayed",
    "DnsServer",
    "ForgedElsewhere",
    "ForgedFirst",
    "HangUp",
    "Lame",
    "Malformed",
    "NoData",
    "NxDomain",
    "OtherName",
    "Records",
    "Refused",
    "ServFail",
    "Silence",
    "Truncated",
    "WrongId",
    "Zone",
]
