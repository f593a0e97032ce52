"""What can happen in the fake world: one class for each kind of event.

Events are facts about the wire; nothing here knows a relay, a requirement or a verdict. The layers `client` and
`relay` are for those who use the fakes: what they said to the software behind the wire, and what they did to it.

A kind has a name of two words, its layer and what happened (`tcp`, `accepted`); `KINDS` finds the class by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import MemberDescriptorType
from typing import ClassVar, Final, Literal, TypeVar, cast, dataclass_transform

from fake_servers.addresses import known_as
from fake_servers.stages import Stage

E = TypeVar("E", bound="Event")

Transport = Literal["udp", "tcp"]

KINDS: Final[dict[tuple[str, str], type[Event]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact.

    Attributes:
        layer: `dns`, `tcp`, `tls`, `smtp` or `fake`, `client` or `relay`.
        kind: What happened, in one word.
        at: Seconds since the journal was opened, on the monotonic clock; not a number until it is noted there.
        server: The fake's own address as `host:port`, or `[host]:port` for IPv6; so are peers and clients.
        connection: Number of the connection, unique in the journal; 0 where there is none.
    """

    layer: ClassVar[str]
    kind: ClassVar[str]

    at: float = math.nan
    server: str = ""
    connection: int = 0


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _kind(layer: str, kind: str) -> Callable[[type[E]], type[E]]:
    """Make a class the one of a kind of event."""

    def named(declared: type[E]) -> type[E]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(declared)
        made.layer, made.kind = layer, kind
        KINDS[layer, kind] = made
        own = (field.name for field in fields(made) if field.name not in Event.__slots__)
        _SLOTS[made] = tuple(getattr(made, name) for name in own)
        return made

    return named


# Where a kind keeps what it has beside the common part, and where all keep that.
_SLOTS: Final[dict[type[Event], tuple[MemberDescriptorType, ...]]] = {}
_AT, _SERVER, _CONNECTION = (
    cast(MemberDescriptorType, getattr(Event, name)) for name in ("at", "server", "connection")
)


def completed(event: E, *, at: float, server: str, connection: int) -> E:
    """Return an event with another time and place: `dataclasses.replace` at a fifth of its cost, for every event."""
    made = object.__new__(type(event))
    for slot in _SLOTS[type(event)]:
        slot.__set__(made, slot.__get__(event))
    _AT.__set__(made, at)
    _SERVER.__set__(made, server)
    _CONNECTION.__set__(made, connection)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsEvent(Event):
    """What queries and answers have in common: the question.

    Attributes:
        name: The name, as far as the query could be read.
        type: The type of records, `A` or `MX` for instance.
        id: The identifier in the query's header.
        transport: How it came.
    """

    name: str
    type: str
    id: int
    transport: Transport

    @property
    def host(self) -> str:
        """The name in lower case, without the final dot."""
        return self.name.rstrip(".").lower()


@_kind("dns", "query")
class DnsQuery(DnsEvent):
    """A query was read.

    Attributes:
        client: Who asks, as `host:port`.
        planned: Whether the zone knows the name.
        lag: For how many seconds it had waited for us to read it; `at` is when we did. 0.0: for less than 10 ms.
    """

    client: str
    planned: bool
    lag: float = 0.0


@_kind("dns", "answer")
class DnsAnswer(DnsEvent):
    """A query was answered, or is never going to be.

    Attributes:
        answer: Names the way (`Answer.name`).
        records: The data.
        lag: For how many seconds later than it was due a delayed answer was sent. 0.0: less than 10 ms.
    """

    answer: str
    records: tuple[str, ...]
    lag: float = 0.0


@_kind("dns", "dropped")
class DnsDropped(Event):
    """So many queries came before now and will have no answer: no room was left, or (`excess`) there were too many."""

    queries: int
    excess: bool = False


@_kind("tcp", "refusing")
class TcpRefusing(Event):
    """A reserved port starts to refuse."""


@_kind("tcp", "hanging")
class TcpHanging(Event):
    """A port whose accept queue is full starts to swallow SYNs; `fillers` connections of ours fill `backlog`."""

    backlog: int
    fillers: int


@_kind("tcp", "unreachable")
class TcpUnreachable(Event):
    """An address was found to be one that no packet can reach."""


@_kind("tcp", "probe")
class TcpProbe(Event):
    """We looked ourselves at a fault that leaves no trace on the wire."""

    outcome: Literal["refused", "unreachable", "timeout", "connected"]


@_kind("tcp", "syn")
class TcpSyn(Event):
    """A SYN stayed without a connection, seen by a witness that is no server; `seconds` until its last sign."""

    peer: str
    outcome: Literal["dropped", "refused"]
    seconds: float


@_kind("tcp", "stray")
class TcpStray(Event):
    """A packet left the fake world."""

    peer: str
    destination: str
    protocol: int
    port: int


@_kind("tcp", "accepted")
class TcpAccepted(Event):
    """A connection was accepted.

    Attributes:
        peer: The client.
        attempt: Which it is at its server, counted from 1.
        lag: For how many seconds it had waited for us to accept it; `at` is when we did. 0.0: for less than 10 ms.
    """

    peer: str
    attempt: int
    lag: float = 0.0


@_kind("tcp", "late")
class TcpLate(Event):
    """We read, or answered, what the peer had sent, and the end of it had waited for us for `lag` seconds."""

    lag: float


@_kind("tcp", "closed")
class TcpClosed(Event):
    """A connection ended; the first cause counts."""

    by: Literal["peer", "server"]
    how: Literal["fin", "rst"]


@_kind("tls", "offered")
class TlsOffered(Event):
    """A ClientHello came in, and the certificate with this label was presented to it."""

    certificate: str


@_kind("tls", "established")
class TlsEstablished(Event):
    """TLS was negotiated.

    Attributes:
        version: As Python spells it (`TLSv1.3`).
        cipher: The name of the cipher suite.
        server_name: The name of the server that the client asked for (RFC 6066, section 3); empty: it asked for none.
    """

    version: str
    cipher: str
    server_name: str = ""


@_kind("tls", "failed")
class TlsFailed(Event):
    """The handshake, or TLS after it, came to grief."""

    error: str


@_kind("smtp", "received")
class SmtpReceived(Event):
    """A command came in.

    Attributes:
        stage: The stage it belongs to.
        line: The command, without its line end.
        ahead: Whether it had come before the reply to the command before it was sent, as in a group of commands
            (RFC 2920).
    """

    stage: Stage
    line: str
    ahead: bool = False


@_kind("smtp", "sent")
class SmtpSent(Event):
    """A reply was sent; of raw octets above 1024 `text` has the head, and how many there are."""

    stage: Stage
    text: str


@_kind("smtp", "fault")
class SmtpFault(Event):
    """A scripted fault is played on the `attempt`th connection; `action` names it (`Action.name`)."""

    stage: Stage
    action: str
    attempt: int


@_kind("smtp", "heard")
class SmtpHeard(Event):
    """Octets came into a stall, the first that did, half a second or more after it had begun; `line`: if in clear."""

    octets: int
    line: str = ""


@_kind("smtp", "unoffered")
class SmtpUnoffered(Event):
    """MAIL or RCPT had parameters that the last EHLO did not offer; answered by 555."""

    stage: Stage
    parameters: tuple[str, ...]


@_kind("smtp", "body")
class SmtpBody(Event):
    """Content ended, or was cut off, after so many octets."""

    octets: int


@_kind("smtp", "message")
class SmtpMessage(Event):
    """A message was accepted.

    Attributes:
        mail_from: The reverse-path, empty for the null reverse-path.
        recipients: The forward-paths that were accepted.
        content: Exactly the octets received, without dot-stuffing.
        tls: Whether it came under TLS.
        options: The parameters of MAIL and RCPT, as they were sent.
    """

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes
    tls: bool
    options: tuple[str, ...]

    def is_for(self, address: str) -> bool:
        """Tell whether it is for an address; whether the case was kept is another question."""
        return known_as(address) in map(known_as, self.recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEvent(Event):
    """What a client of ours said or heard when it submitted a message as `sender`."""

    sender: str


@_kind("client", "sent")
class ClientSent(ClientEvent):
    """A part of the submission was sent, of so many octets."""

    what: Literal["content", "final dot"]
    octets: int


@_kind("client", "reply")
class ClientReply(ClientEvent):
    """The final dot was answered; an empty `text`: the connection ended without a reply."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEvent(Event):
    """What was done to the software behind the wire.

    Attributes:
        moment: What the occasion is called.
        relay: Number of the instance that it was done to, counted from 1; 0 where that was not told.
    """

    moment: str
    relay: int = 0


@_kind("relay", "killed")
class RelayKilled(RelayEvent):
    """The relay is dead: `killed`, or `stopped` in good order; that was `asked` for at that time of this clock."""

    asked: float
    how: str = "killed"


@_kind("relay", "restarted")
class RelayRestarted(RelayEvent):
    """The relay takes mail again."""


@_kind("relay", "clock_moved")
class RelayClockMoved(RelayEvent):
    """The relay's clock was moved forward by so many seconds.

    Attributes:
        seconds: By so many.
        asked: When that was asked for; 0.0: that was not noted.
    """

    seconds: float
    asked: float = 0.0


@_kind("fake", "excess")
class FakeExcess(Event):
    """A client asks for more than a server is to bear; told once. What goes beyond is reset, or answered and not noted.

    Attributes:
        what: What there was too much of.
        most: How much the server bears.
    """

    what: str
    most: int


@_kind("fake", "broke")
class FakeBroke(Event):
    """A defect of the fake itself; a connection that has met it was reset."""

    error: str
