"""The way back: the server of the sender's own domain, where a report is to arrive (RFC 5321 section 6.1).

It is a destination like any other, so a report that cannot be handed over there for now has to wait, and is tried again
(section 4.5.4.1). About a report none is sent, whatever becomes of it (sections 4.5.5 and 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.catalogue.destination import EachAttempt, Host
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played
from fake_servers import Reply


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """The server to which a scenario's reports go, where that is one of its own.

    Attributes:
        host: What is wrong with it.
        witness: What shows that an attempt at the report met that.
        attempt: How each attempt at the report goes.
    """

    host: Host
    witness: Witness = fault_played
    attempt: EachAttempt = field(default_factory=EachAttempt)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it, whatever it offers."""
        return not self.host.rules and self.host.dns.answer is None

    @property
    def refuses(self) -> bool:
        """Whether it refuses the report for good, so that nothing is mended and no report may arrive."""
        return any(isinstance(rule.action, Reply) and rule.action.code >= 500 for rule in self.host.rules)
