"""What is asked of TLS for one message, where another went to the same server by a rule of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference.config import TlsPolicy
from conformance.reference.delivery import Delivery
from conformance.reference.session import Session
from mutants.mutant import fails, mutation
from mutants.patching import patch

_CLEAR, _UNCHECKED = "rule_after_clear", "rule_after_unchecked"
_SCENARIOS = (_CLEAR, _UNCHECKED, "one_after_another", "plain")


def _trusts(whom: Callable[[Session], bool], policy: TlsPolicy) -> None:
    """Ask no more than `policy` of a server with which a session was once as `whom` says."""
    known: set[str] = set()

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            if address in known and self._route.tls.required:
                self._route = replace(self._route, tls=policy, tls_domain="")
            session: Session = await original(self, host, address)
            if whom(session):
                known.add(address)
            return session

        return open_session

    patch(Delivery, "_open_session", make)


@mutation(scenarios=_SCENARIOS, caught=(fails("keeps_rules_apart", "tls/never-in-clear", _CLEAR),))
def remembers_who_has_no_tls() -> None:
    """Asks for no TLS where a server once had none, whatever the rule of the next message is."""
    _trusts(lambda session: not session.certificate, TlsPolicy.OPPORTUNISTIC)


@mutation(scenarios=_SCENARIOS, caught=(fails("keeps_rules_apart", "tls/fit-host", _UNCHECKED),))
def remembers_who_has_tls() -> None:
    """Looks at no certificate of a server with which it once had TLS, whatever the rule of the next message is."""
    _trusts(lambda session: bool(session.certificate), TlsPolicy.ENCRYPTION_ONLY)
