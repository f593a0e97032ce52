"""The addresses of a scenario: no two scenarios share any. What is in the message stands in `content.py`."""

from __future__ import annotations

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.course import TRAITS
from conformance.catalogue.message import RECIPIENT
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.special import FORGED, Special
from conformance.target import Envelope
from conformance.wave.content import content_of, digest_of

SENDER_DOMAIN = "sender.test"

# Where the first host is if it does not matter where.
_NOWHERE = "127.0.0.1"

# RFC 5321 section 4.5.3.1.1, and RFC 1035 section 2.3.4.
_LONGEST_LOCAL_PART = 64
_LONGEST_DOMAIN_LABEL = 63

# "\u4f8b\u3048", "example" in Japanese.
_IDN_LABEL = "xn--r8jz45g"

# Label of a recipient domain that no connector names, below one that a wildcard does.
_COVERED = "covered"

# Label of the sender's own domain, where the server of that is a scenario's own.
_BACK = "back"


def zone_of(scenario: Scenario) -> str:
    """Return the domain in which the hosts of a scenario have their names, for instance `plain.healthy.test`."""
    return f"{scenario.label.replace('_', '-')}.test"


def domain_of(scenario: Scenario) -> str:
    """Return the recipient domain: the same, unless a wildcard is for it or it is long or an internationalized one."""
    special, domain = scenario.failure_mode.message.special, zone_of(scenario)
    if _has_wildcard(scenario):
        domain = f"{_COVERED}.{domain}"
    if special is not None and special.idn:
        domain = f"{_IDN_LABEL}.{domain}"
    if special is None or not special.path:
        return domain
    octets = special.path - len("<@>") - _LONGEST_LOCAL_PART
    while (missing := octets - len(domain) - 1) > 0:
        domain = f"{'d' * min(missing, _LONGEST_DOMAIN_LABEL)}.{domain}"
    return domain


def connector_domain_of(scenario: Scenario) -> str:
    """Return the domain of the connector: the recipient domain, or a wildcard for all that is beside it."""
    return f"*.{zone_of(scenario)}" if _has_wildcard(scenario) else domain_of(scenario)


def sender_of(scenario: Scenario) -> str:
    """Return the address of the sender; it is the reverse-path unless the course wants the null one."""
    special, local = scenario.failure_mode.message.special, _cased(scenario, scenario.label)
    if special is not None and special.sender:
        local = special.sender.format(label=local)
    return f"{local}@{sender_domain_of(scenario)}"


def sender_domain_of(scenario: Scenario) -> str:
    """Return the domain of the sender: that of all senders, unless reports go to a server of the scenario's own."""
    return SENDER_DOMAIN if scenario.failure_mode.way_back is None else f"{_BACK}.{zone_of(scenario)}"


def elsewhere_of(scenario: Scenario) -> list[str]:
    """Return the recipient domains of those who have one of their own, in their order."""
    return [f"{each.local}.{domain_of(scenario)}" for each in scenario.failure_mode.message.elsewhere]


def untouched_of(scenario: Scenario) -> str:
    """Return the recipient domain of another connector, which an operator does not touch."""
    return f"untouched.{domain_of(scenario)}"


def recipient_of(scenario: Scenario, address: str = _NOWHERE) -> str:
    """Return the envelope recipient that is judged; `address` is that of the first host."""
    special, local = scenario.failure_mode.message.special, _cased(scenario, RECIPIENT)
    if special is not None and special.local:
        local = special.local
    if special is not None and special.literal:
        return f"{local}@[{'IPv6:' * (':' in address)}{address}]"
    if special is not None and special.path:
        local = local.ljust(_LONGEST_LOCAL_PART, "r")
    return f"{local}@{domain_of(scenario)}"


def forged_of(scenario: Scenario) -> str:
    """Return the recipient of a second message that is forged within the first."""
    return f"{FORGED}@{domain_of(scenario)}"


def _has_wildcard(scenario: Scenario) -> bool:
    routing = scenario.failure_mode.routing
    return isinstance(routing, SmartHosts) and routing.wildcard


def _cased(scenario: Scenario, local: str) -> str:
    """Return a local part, with capital letters where the message is to have some."""
    special = scenario.failure_mode.message.special
    return local.title() if special is not None and special.mixed_case else local


def backlog_of(scenario: Scenario) -> list[Envelope]:
    """Return the messages that wait for the scenario's own dead destination."""
    return [
        Envelope(
            sender=f"backlog-{number}-of-{scenario.label}@{SENDER_DOMAIN}",
            recipients=(f"{RECIPIENT}@{dead_domain_of(scenario)}",),
            content=f"Subject: backlog {number}\r\n\r\nThis waits.\r\n".encode("ascii"),
        )
        for number in range(1, scenario.failure_mode.message.backlog + 1)
    ]


def earlier_of(scenario: Scenario) -> Envelope:
    """Return the message that waits for the scenario's own destination before it is submitted, from and to others."""
    return Envelope(
        sender=f"earlier-than-{scenario.label}@{SENDER_DOMAIN}",
        recipients=(f"earlier@{domain_of(scenario)}",),
        content=b"Subject: earlier\r\n\r\nThis waits until its time is up.\r\n",
    )


def ruled_of(scenario: Scenario) -> str:
    """Return the recipient domain of the last of several messages, if a rule of its own is asked of TLS for it."""
    return f"ruled.{domain_of(scenario)}"


def dead_domain_of(scenario: Scenario) -> str:
    """Return the recipient domain of a scenario's backlog."""
    return f"dead.{domain_of(scenario)}"


def author_of(scenario: Scenario) -> str:
    """Return the address in the From header: not the envelope sender, so that an NDR sent there is seen."""
    return f"author-{digest_of(scenario)}@{SENDER_DOMAIN}"


def envelope_of(scenario: Scenario, address: str = _NOWHERE) -> Envelope:
    """Return the message to submit; `address` is that of the first host."""
    traits, message = TRAITS[scenario.course], scenario.failure_mode.message
    special = message.special or Special()
    recipient, domains = recipient_of(scenario, address), elsewhere_of(scenario)
    return Envelope(
        sender="" if traits.null_sender or special.null_sender else sender_of(scenario),
        recipients=(
            *((recipient,) * (1 + special.twice)),
            *(f"{name}@{domain_of(scenario)}" for name in message.also_to),
            *(f"{each.local}@{domain}" for each, domain in zip(message.elsewhere, domains, strict=True)),
        ),
        content=content_of(
            scenario, author=author_of(scenario), recipient=recipient, forged=forged_of(scenario)
        ),
        notify=traits.notify,
    )
