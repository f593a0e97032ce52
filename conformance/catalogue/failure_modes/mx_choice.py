"""Which of several mail exchangers a message goes to (RFC 5321 section 5.1): lower preference numbers first."""

from conformance.catalogue.connector import MxRouting
from conformance.catalogue.destination import Host, Tcp
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.connections import delivered, fault_played, syn_refused
from fake_servers import Reply, Rule, Stage

MODES = (
    FailureMode(
        name="mx_implicit",
        section=Section.CONTROL,
        staged="The recipient domain has no MX record, and an address with a healthy server (implicit MX).",
        kind=Kind.CONTROL,
        routing=MxRouting(preferences=(), apex=True),
        witness=delivered,
    ),
    FailureMode(
        name="mx_preference",
        section=Section.MX_PREFERENCE,
        staged="Two healthy mail exchangers; the record of the less preferred one comes first in the answer.",
        kind=Kind.CONTROL,
        hosts=(Host(), Host()),
        routing=MxRouting(preferences=(20, 10), forbidden=(0,)),
        witness=delivered,
    ),
    FailureMode(
        name="mx_relay_behind",
        section=Section.MX_PREFERENCE,
        staged="Two mail exchangers: the better one is healthy, and the other one is the relay itself.",
        kind=Kind.CONTROL,
        routing=MxRouting(preferences=(10,), relay=20),
        witness=delivered,
    ),
    FailureMode(
        name="mx_equal",
        section=Section.CONTROL,
        staged="Two healthy mail exchangers of the same preference; either may get the message.",
        kind=Kind.CONTROL,
        hosts=(Host(), Host()),
        routing=MxRouting(preferences=(10, 10)),
        witness=delivered,
    ),
    FailureMode(
        name="mx_best_refused",
        section=Section.MX_PREFERENCE,
        staged=(
            "Three mail exchangers, listed in no order: the best refuses the connection, the next one is healthy, and "
            "so is the last one, which nobody needs."
        ),
        kind=Kind.HARMLESS,
        hosts=(Host(), Host(tcp=Tcp.REFUSE), Host()),
        routing=MxRouting(preferences=(30, 10, 20), forbidden=(0,)),
        witness=syn_refused,
    ),
    FailureMode(
        name="mx_best_defers",
        section=Section.HOSTS_4YZ,
        staged='The best mail exchanger answers RCPT with "451 4.3.0 Try again later"; the next one is healthy.',
        kind=Kind.HARMLESS,
        hosts=(Host(rules=(Rule(stage=Stage.RCPT, action=Reply(451, "4.3.0 Try again later")),)), Host()),
        routing=MxRouting(preferences=(10, 20)),
        witness=fault_played,
    ),
)
