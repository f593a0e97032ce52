"""Looks at what an adapter hands over: the object that `running()` yields, and what its methods return."""

from __future__ import annotations

from conformance.target import (
    Address,
    Capability,
    DeliveryEvent,
    Outcome,
    QueuedMessage,
)
from conformance.wave.unusable import defect

# As RFC 5321 writes the null reverse-path, and as many a relay shows it.
_NULL_PATH = "<>"

# What a capability promises of the object that running() yields.
_POWERS = {
    Capability.EVENTS: ("events",),
    Capability.CLOCK: ("move_clock",),
    Capability.RESTART: ("kill", "restart"),
    Capability.STOP: ("stop", "restart"),
    Capability.CLOCK_BACK: ("move_clock",),
    Capability.SECOND_INSTANCE: ("start_second",),
    Capability.ALERTS: ("alerts",),
    Capability.FIX_NOW: ("fix_now",),
    Capability.EDIT_CONNECTOR: ("edit_connector", "delete_connector"),
    Capability.MAILBOXES: ("mailbox",),
}


def check_powers(relay: object, capabilities: frozenset[Capability]) -> None:
    """Complain of a capability that is claimed and cannot be used."""
    powers = dict(_POWERS)
    if Capability.ACCEPTED_DOMAINS in capabilities:
        powers[Capability.EDIT_CONNECTOR] += ("set_accepted_domain",)
        if getattr(relay, "submission", None) is None:
            raise defect(
                "capability `accepted_domains` is claimed without `submission`: unknown recipients are refused at RCPT"
            )
    for capability, methods in powers.items():
        for method in methods if capability in capabilities else ():
            if not hasattr(relay, method):
                raise defect(f"capability `{capability}` is claimed, but the relay object has no {method}()")


def submission(relay: object) -> Address | None:
    """Return where mail is submitted; None if by `submit`, whatever place a base class has given it besides."""
    given, takes_envelopes = getattr(relay, "submission", None), hasattr(relay, "submit")
    if given is None:
        if not takes_envelopes:
            raise defect("running() yielded an object with neither `submission` nor `submit`")
        return None
    match given:
        case (str(host), int(port)) if 0 < port < 65536:
            return None if takes_envelopes else Address(host, port)
    raise defect(f"`submission` is {given!r}, not a conformance.target.Address (host, port)")


def check_fields(name: str, item: QueuedMessage | DeliveryEvent) -> None:
    """Complain of a field of the wrong type: a None among the texts would be read as the word."""
    for field, value in vars(item).items():
        wanted = {"outcome": Outcome, "at": int | float}.get(field, str)
        if not isinstance(value, wanted):
            raise defect(f"{name}() returned a {type(item).__name__} whose {field} is {value!r}")
        null = field == "sender" and value == _NULL_PATH
        if field in ("sender", "recipient") and str(value).startswith("<") and not null:
            raise defect(
                f"{name}() returned the {field} {value!r}; addresses are handed over without angle brackets"
            )
