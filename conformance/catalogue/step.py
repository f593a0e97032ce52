"""A step of a fault schedule: what the one host of a destination does, to one attempt."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.destination import DnsName, Host, Timeout, held_up_at
from conformance.catalogue.host_contradictions import of_host, waits_for


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a destination does until an attempt has met it.

    Attributes:
        name: Identifier in schedules: `dns_servfail`, `close_at_mail`, `healthy`.
        about: What the destination does, as the end of "the destination ...".
        host: The smart host as it is meanwhile: `rules`, `tcp`, `dns.answer` or `extensions`, and nothing else.
        timeout: Which of the relay's time-outs ends the attempt; None: the fault shows at once.

    Raises:
        ValueError: Two of these cannot go together; the text says which, and why.
    """

    name: str
    about: str
    host: Host
    timeout: Timeout | None = None

    def __post_init__(self) -> None:
        host = self.host
        wrong = [f"host has {sentence}" for sentence in of_host(host)]
        staged = Host(
            rules=host.rules,
            tcp=host.tcp,
            dns=DnsName(answer=host.dns.answer),
            extensions=host.extensions,
        )
        if host != staged:
            wrong.append(
                "host differs in more than rules, tcp, dns.answer and extensions, which no step stages"
            )
        if self.timeout is not None and self.timeout not in waits_for(host):
            wrong.append(f"timeout {self.timeout}, and host lets no relay wait for it")
        must = waits_for(host, surely=True)
        if must and self.timeout not in must:
            wrong.append(f"timeout {self.timeout}, and host lets the relay wait for {' or '.join(must)}")
        if wrong:
            raise ValueError(f"the step {self.name} contradicts itself: {'; '.join(wrong)}")

    @property
    def holds_up_reports(self) -> bool:
        """Whether what is wrong keeps even reports away, see `FailureMode`."""
        return held_up_at(self.host, Host())
