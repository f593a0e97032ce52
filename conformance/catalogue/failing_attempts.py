"""How many attempts fail before a fault is over by itself: so many connections, or so many recipients at once.

A rule counts the connections at its server, so an attempt uses up one of them or more; the number told here is the one
of a relay that makes a single connection for each attempt, and with several hosts to one of them at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from conformance.catalogue.destination import Host, Tcp
from fake_servers import Accept, ReadSlowly, Rule, Slow

# With the two seconds between attempts that are asked for, a relay that is in order needs twenty seconds for so many,
# and one that never delivers is waited for for a minute.
MOST_ATTEMPTS = 10


def failing_attempts(hosts: Sequence[Host], recipients: int) -> float:
    """Return how many attempts to reach so many recipients can fail; infinity: one of the hosts is never well."""
    return sum(_of_host(host, recipients) for host in hosts)


def first_gap(host: Host) -> int | None:
    """Return the first connection that no rule of a host lets fail, before one that does; None: there is none."""
    failing = {number for rule in host.rules for number in rule.connections or ()}
    return next((number for number in range(1, max(failing, default=0)) if number not in failing), None)


def _of_host(host: Host, recipients: int) -> float:
    if host.tcp is not Tcp.SERVE or host.dns.answer is not None or host.dns.loops:
        return math.inf
    faults = [rule for rule in host.rules if not isinstance(rule.action, Accept | Slow | ReadSlowly)]
    return max((_of_rule(rule, recipients) for rule in faults), default=0)


def _of_rule(rule: Rule, recipients: int) -> float:
    if rule.connections is not None:
        return max(rule.connections, default=0)
    if rule.beyond:
        return math.ceil(recipients / rule.beyond) - 1
    return math.inf
