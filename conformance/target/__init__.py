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

from conformance.target.config import (
    AcceptedDomain,
    Address,
    Capability,
    Connector,
    DomainType,
    RelayConfig,
    TlsPolicy,
)
from conformance.target.operator import (
    Alert,
    EditRefused,
    EditsConnectors,
    FixesNow,
    KeepsMailboxes,
    RaisesAlerts,
)
from conformance.target.powers import (
    DeliveryEvent,
    Envelope,
    MessageRefused,
    MovesClock,
    Outcome,
    ReportsEvents,
    Restarts,
    RunsTwice,
    Stops,
    TakesEnvelopes,
)
from conformance.target.relay import (
    QueuedMessage,
    Relay,
    Schedule,
    Target,
    TargetError,
)

__all__ = [
    "AcceptedDomain",
    "Address",
    "Alert",
    "Capability",
    "Connector",
    "DeliveryEvent",
    "DomainType",
    "EditRefused",
    "EditsConnectors",
    "Envelope",
    "FixesNow",
    "KeepsMailboxes",
    "MessageRefused",
    "MovesClock",
    "Outcome",
    "QueuedMessage",
    "RaisesAlerts",
    "Relay",
    "RelayConfig",
    "ReportsEvents",
    "Restarts",
    "RunsTwice",
    "Schedule",
    "Stops",
    "TakesEnvelopes",
    "Target",
    "TargetError",
    "TlsPolicy",
]
