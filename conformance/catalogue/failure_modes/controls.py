"""Positive controls: destinations with nothing wrong, which mail must reach at the first attempt."""

from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.destination import SLOWLY, Host, ServerTls, slow_at
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.connections import delivered
from fake_servers import Stage

MODES = (
    FailureMode(
        name="plain",
        section=Section.CONTROL,
        staged="A healthy server without TLS.",
        kind=Kind.CONTROL,
        witness=delivered,
    ),
    FailureMode(
        name="verified_tls",
        section=Section.CONTROL,
        staged="A healthy server with a valid certificate; the connector insists on one.",
        kind=Kind.CONTROL,
        hosts=(Host(tls=ServerTls()),),
        tls=TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION),
        witness=delivered,
    ),
    FailureMode(
        name="plain_mx",
        section=Section.CONTROL,
        staged="A healthy server, found by the MX record of the recipient domain.",
        kind=Kind.CONTROL,
        routing=MxRouting(),
        witness=delivered,
    ),
    FailureMode(
        name="wildcard",
        section=Section.CONTROL,
        staged="A healthy smart host of a connector for all names below a domain; the recipient domain is one.",
        kind=Kind.CONTROL,
        routing=SmartHosts(wildcard=True),
        witness=delivered,
    ),
    FailureMode(
        name="one_recipient_named",
        section=Section.CONTROL,
        staged="A healthy server; a field names the first of two recipients, and none the second (a blind copy).",
        kind=Kind.CONTROL,
        message=Message(also_to=("unnamed",), named=True),
        witness=delivered,
    ),
    FailureMode(
        name="own_domain",
        section=Section.CONTROL,
        staged="A healthy smart host of a connector whose domain is one of the relay's own as well (internal relay), "
        "with a mailbox for the recipient: as long as the connector is on, mail goes there.",
        kind=Kind.CONTROL,
        message=Message(own_domain=True),
        witness=delivered,
    ),
    FailureMode(
        name="beside_backlog",
        section=Section.CONTROL,
        staged="A healthy server, while a dozen messages wait for a dead one that accepts connections and is silent.",
        kind=Kind.CONTROL,
        message=Message(backlog=12),
        witness=delivered,
    ),
    FailureMode(
        name="moved_clock",
        section=Section.CONTROL,
        staged="A healthy server, reached after the relay's clock was moved; the relay's date stamp tells.",
        kind=Kind.CONTROL,
        witness=delivered,
    ),
    FailureMode(
        name="moved_clock_mx",
        section=Section.CONTROL,
        staged="The same where mail is routed by MX.",
        kind=Kind.CONTROL,
        routing=MxRouting(),
        witness=delivered,
    ),
    FailureMode(
        name="slow",
        section=Section.CONTROL,
        staged=f"A healthy server that {SLOWLY}.",
        kind=Kind.CONTROL,
        hosts=(
            Host(
                rules=slow_at(Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT),
            ),
        ),
        witness=delivered,
    ),
)
