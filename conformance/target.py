"""The whole contract between this suite and a relay under test.

An adapter is one class with three members (`Target`). Entering `running` must leave the relay accepting
mail; leaving it must leave nothing running. A relay that offers more says so by its capabilities and by
further methods on the object that `running` yields: `events`, `submit`, `alerts` and more.

Synchronous adapters are welcome: `running` may return a plain context manager, and every method of what it
yields may be a plain function; it is then called in a thread, never two at once.

Whatever an adapter cannot do it leaves out of `capabilities`: the requirements concerned become *not
applicable*, with the reason. It raises `TargetError` when the relay (or its installation) is at fault; any
other exception is reported as a defect of the adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol


class Capability(StrEnum):
    """What a target can be asked for."""

    SMART_HOST = "smart_host"  # a connector can name the hosts to deliver to
    MX = "mx"  # a domain without smart hosts is routed by its MX records
    IPV6 = "ipv6"  # next hops are reached by IPv6 too, by name and by literal (`fd77::1`)
    TLS_OPPORTUNISTIC = "tls_opportunistic"  # uses TLS where it is offered, though no connector asks for it
    TLS_REQUIRED = "tls_required"  # a connector can insist on TLS without looking at the certificate
    TLS_VERIFIED = "tls_verified"  # a connector can insist on a certificate that is valid for a name
    TLS_DOMAIN = "tls_domain"  # `tls_domain` may be another name than the smart host's, or `*.` and a domain
    MANY_CONNECTORS = "many_connectors"  # one instance serves many connectors; else one instance for each
    ONE_ROUTE = "one_route"  # its one connector takes all mail, reports too; not with MANY_CONNECTORS
    ANY_PORT = "any_port"  # honours next_hop_port and resolver; else it needs ports 25 and 53 (namespace lab)
    EVENTS = "events"  # running() yields an object with events()
    CLOCK = "clock"  # running() yields an object with move_clock()
    RESTART = "restart"  # running() yields an object with kill() and restart()
    SUBMISSION_DSN = "submission_dsn"  # its submission takes the DSN parameters of RFC 3461
    ACCEPTED_DOMAINS = "accepted_domains"  # honours accepted_domains
    ALERTS = "alerts"  # honours alert_messages and alert_age; running() yields an object with alerts()
    FIX_NOW = "fix_now"  # ... with fix_now()
    EDIT_CONNECTOR = "edit_connector"  # ... with edit_connector() and delete_connector()
    MAILBOXES = "mailboxes"  # ... with mailbox()


class TlsPolicy(StrEnum):
    """TLS rules of a connector, mildest first (Exchange Online PowerShell, New-OutboundConnector, TlsSettings)."""

    OPPORTUNISTIC = "opportunistic"  # TLS if offered, whatever the certificate; else in clear
    ENCRYPTION_ONLY = "encryption_only"  # TLS or no delivery; any certificate
    CERTIFICATE_VALIDATION = "certificate_validation"  # and the chain leads to a trust anchor, in date
    DOMAIN_VALIDATION = "domain_validation"  # and the certificate names `tls_domain`


class Address(NamedTuple):
    """An IP address and a port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Connector:
    """Where mail for one recipient domain goes.

    Attributes:
        domain: The recipient domain.
        smart_hosts: Host names to deliver to, by their address records (no MX look-up), in this order;
            empty: by the MX records of `domain`.
        tls: What the connection must offer before mail may pass.
        tls_domain: The name a certificate must bear under DOMAIN_VALIDATION; `*.a.test`: any one name below a.test.
    """

    domain: str
    smart_hosts: tuple[str, ...] = ()
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    tls_domain: str = ""


class DomainType(StrEnum):
    """What becomes of unknown recipients of an accepted domain (Exchange Online PowerShell, Set-AcceptedDomain)."""

    INTERNAL_RELAY = "internal_relay"  # they go through the domain's connector, as the known ones do
    AUTHORITATIVE = "authoritative"  # refused at RCPT: 550 5.4.1 Recipient address rejected: Access denied


@dataclass(frozen=True, kw_only=True)
class AcceptedDomain:
    """A domain of the relay's own organization; other recipient domains are a partner's.

    Attributes:
        domain: The recipient domain.
        type: What becomes of its unknown recipients.
        recipients: The known ones, whole addresses without angle brackets.
    """

    domain: str
    type: DomainType = DomainType.INTERNAL_RELAY
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RelayConfig:
    """Everything a target is asked for. Times are in seconds.

    Attributes:
        work_directory: An empty folder of the target's own; put everything below it, logs included.
        hostname: The name the relay gives in EHLO.
        listen: Where to accept mail without authentication; port 0 means any free port.
        resolver: The only name server to ask.
        next_hop_port: The TCP port of every next hop.
        connectors: One for each recipient domain, the domain of the senders (for NDRs) among them; one with ONE_ROUTE.
        trust_anchors: PEM file with the only certificate authorities to trust.
        retry_interval: From the end of a failed attempt to the next one, for the first two gaps.
        max_retry_interval: The same for all later gaps.
        queue_lifetime: From acceptance to giving up and returning the message.
        connect_timeout: How long to wait for a TCP connection.
        command_timeout: How long to wait for the greeting, each reply and the TLS handshake.
        dns_timeout: How long to wait, in all, for the answer to one DNS question.
        accepted_domains: The relay's own domains; only for a target with ACCEPTED_DOMAINS.
        alert_messages: How many messages of one connector must have waited for `alert_age` before its alert is
            raised; only for a target with ALERTS.
        alert_age: How long they must have waited.
    """

    work_directory: Path
    hostname: str
    listen: Address
    resolver: Address
    next_hop_port: int
    connectors: tuple[Connector, ...]
    trust_anchors: Path
    retry_interval: float
    max_retry_interval: float
    queue_lifetime: float
    connect_timeout: float
    command_timeout: float
    dns_timeout: float
    accepted_domains: tuple[AcceptedDomain, ...] = ()
    alert_messages: int = 2000
    alert_age: float = 3600.0


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What a relay granted of the schedule it was asked for, in seconds.

    Attributes:
        retry_interval: Shortest wait between the end of an attempt and the next one; that of the first two gaps.
        max_retry_interval: Longest such wait; that of all later gaps.
        queue_lifetime: Age at which an undelivered message is returned.
        granularity: How late any of these may come (a retry: how early, too), because the relay wakes only so often
            or its queue runner waits for slow destinations one after the other.
        connect_timeout: What was granted of `RelayConfig.connect_timeout`; None: as asked.
        command_timeout: What was granted of `RelayConfig.command_timeout`; None: as asked.
        dns_timeout: What was granted of `RelayConfig.dns_timeout`; None: as asked.
    """

    retry_interval: float
    max_retry_interval: float
    queue_lifetime: float
    granularity: float
    connect_timeout: float | None = None
    command_timeout: float | None = None
    dns_timeout: float | None = None


@dataclass(frozen=True, kw_only=True)
class QueuedMessage:
    """One recipient of a message that waits in the queue.

    Attributes:
        sender: The envelope sender, without angle brackets.
        recipient: The envelope recipient, without angle brackets.
        error: Why it still waits, word for word as the relay shows it to its operator; empty if it shows nothing.
    """

    sender: str
    recipient: str
    error: str = ""


class Outcome(StrEnum):
    """How one attempt ended for one recipient, as the relay says."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    PERMANENT = "permanent"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class DeliveryEvent:
    """What the relay recorded of one attempt for one recipient, usually in its log.

    Attributes:
        recipient: The envelope recipient, without angle brackets.
        outcome: How the attempt ended.
        text: The error, word for word. A reply code and an enhanced status code at its very beginning
            (`450 4.4.316 Connection refused ...`) are read from there; codes further in are not.
        code: The reply code (`450`), if the relay records it apart from the text.
        status: The enhanced status code (`4.4.316`), if the relay records it apart from the text.
        destination: The host or address tried last, if the relay records it apart from the text.
        at: Seconds since the epoch, by the relay's clock.
    """

    recipient: str
    outcome: Outcome
    text: str
    code: str = ""
    status: str = ""
    destination: str = ""
    at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert about the queued mail of one connector; times are seconds since the epoch, by the relay's clock.

    Attributes:
        connector: The recipient domain of the connector.
        queued: How many messages waited for it when the alert was raised or last brought up to date.
        raised_at: When it was raised.
        cleared_at: When its cause ended; None while it lasts.
        queue_start: When the oldest of these messages was accepted.
        oldest_expires: When that message will expire.
        destination_server: The host tried last.
        last_address: The IP address tried last; empty if none was.
        last_error: The last error, word for word.
        how_to_fix: What the operator can do about it.
    """

    connector: str
    queued: int
    raised_at: float
    cleared_at: float | None = None
    queue_start: float | None = None
    oldest_expires: float | None = None
    destination_server: str = ""
    last_address: str = ""
    last_error: str = ""
    how_to_fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A message to submit.

    Attributes:
        sender: The reverse-path without angle brackets; empty for the null reverse-path.
        recipients: The forward-paths.
        content: The message with CRLF line ends, ready for the wire but for dot-stuffing.
        notify: Value of the NOTIFY parameter for each recipient (RFC 3461 section 4.1); empty: none.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    notify: str = ""


class Relay(Protocol):
    """A running relay."""

    submission: Address
    schedule: Schedule

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return every recipient that waits, or raise TargetError: the relay is gone. Asked once a second or more."""


class ReportsEvents(Protocol):
    """A relay whose log or event stream can be read (capability EVENTS)."""

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return everything recorded since the relay was started, oldest first."""


class MovesClock(Protocol):
    """A relay whose clock can be moved while it runs (capability CLOCK)."""

    async def move_clock(self, seconds: float) -> None:
        """Move the clock forward by so many seconds, and make the relay look at its whole queue at once.

        What is due by the new time is tried, and what is too old is given up, without waiting in real time.
        Time-outs must stay real.
        """


class Restarts(Protocol):
    """A relay that can be killed and started again on the same spool (capability RESTART)."""

    async def kill(self) -> None:
        """End the relay as a power cut would: SIGKILL to all its processes (stopped first if not in one group)."""

    async def restart(self) -> None:
        """Start it again; it accepts mail at `submission` (which may have changed) when this returns."""


class RaisesAlerts(Protocol):
    """A relay that tells its operator of mail that waits too long (capability ALERTS)."""

    async def alerts(self) -> Sequence[Alert]:
        """Return every alert since the start, oldest first, cleared ones too; asked at most four times a second."""


class FixesNow(Protocol):
    """A relay that offers *Fix now* for a destination that was shut down for good (capability FIX_NOW)."""

    async def fix_now(self, domain: str) -> None:
        """Take this alert's remedy: the connector is off, the domain authoritative, in force when this returns.

        From then on unknown recipients of the domain are refused, known ones still accepted. Mail in the queue is
        neither kept from its known recipients nor dropped: each is delivered somewhere or returned.

        Raises:
            EditRefused: There is no such connector, or it has no accepted domain; nothing has changed.
        """


class EditsConnectors(Protocol):
    """A relay whose connectors can be changed while it runs (capability EDIT_CONNECTOR)."""

    async def edit_connector(
        self, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> None:
        """Save new settings for the connector of `connector.domain`; in force, also for queued mail, on return.

        Args:
            connector: All its settings, also those that stay as they are.
            enabled: Whether it is turned on.
            trust_anchors: A PEM file with all that this connector or the relay trusts from now on; None: no change.

        Raises:
            EditRefused: The settings are not valid; nothing has changed.
        """

    async def delete_connector(self, domain: str) -> None:
        """Delete the connector of a domain; in force on return.

        Raises:
            EditRefused: As for `edit_connector`.
        """

    async def set_accepted_domain(self, accepted: AcceptedDomain) -> None:
        """Change type and known recipients of an accepted domain; in force on return (with ACCEPTED_DOMAINS only).

        Raises:
            EditRefused: As for `edit_connector`.
        """


class KeepsMailboxes(Protocol):
    """A relay that keeps the mailboxes of known recipients whose mail no connector takes (capability MAILBOXES).

    It is how mail of an accepted domain without a connector can be seen to have arrived.
    """

    async def mailbox(self, recipient: str) -> Sequence[bytes]:
        """Return the content of every message in the mailbox of a recipient, in any order; none if it has none."""


class EditRefused(Exception):
    """The relay refused an edit; the text is its reason, word for word."""


class TakesEnvelopes(Protocol):
    """A relay without an SMTP listener: `submit` is used instead of `submission`."""

    async def submit(self, envelope: Envelope) -> None:
        """Hand over one message; returning means that the relay has taken responsibility for it."""


class Target(Protocol):
    """A relay that can be started. `name` appears in reports, and so does `version`, an attribute it may have."""

    name: str
    capabilities: frozenset[Capability]

    def running(self, config: RelayConfig) -> AbstractAsyncContextManager[Relay]:
        """Start the relay; it accepts mail when this is entered and is gone when it is left."""


class TargetError(Exception):
    """The relay is at fault, or cannot be run on this machine.

    Attributes:
        hint: What the reader can do about it, one sentence; empty if there is nothing to say.
        log: The last lines the relay wrote.
        installation: True if the machine lacks something, so that nothing was judged.
    """

    def __init__(self, message: str, *, hint: str = "", log: str = "", installation: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.log = log
        self.installation = installation
