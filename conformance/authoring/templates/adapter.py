"""How the suite starts and asks MYRELAY.

mailflow-conformance check MYRELAY:MyRelay     tries it
pytest --target=MYRELAY:MyRelay                judges it, from the folder of this file
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from conformance.target import Address, Capability, Outcome, QueuedMessage, Relay, RelayConfig
from conformance.targets.kit import Daemons, Line, PatternLog, ProcessRelay, free_port, granted, queued

# Each pattern is of a whole line of the log; the first that fits counts.
_LINES = (
    Line(
        r"(?P<at>\S+) to=<(?P<recipient>.*?)> host=(?P<destination>\S+) (?P<outcome>\w+): (?P<text>.*)",
        {"sent": Outcome.DELIVERED, "deferred": Outcome.DEFERRED, "bounced": Outcome.PERMANENT},
    ),
    Line(r"(?P<at>\S+) to=<(?P<recipient>.*?)> expired: (?P<text>.*)", Outcome.EXPIRED),
)
# Of whole lines, too: a sender begins a message, its error and its recipients follow.
_QUEUE = (r"\S+ from=<(?P<sender>.*?)>", r"  \((?P<error>.*)\)", r"  to=<(?P<recipient>.*?)>")


class MyRelay:
    """The relay as a target."""

    name = "MYRELAY"
    # What it can be asked for. Begin with little, and add what it can; each other one is told as not applicable.
    capabilities = frozenset(
        {
            Capability.SMART_HOST,  # a domain can be routed to a named host
            Capability.MANY_CONNECTORS,  # one instance serves many domains
            Capability.ANY_PORT,  # next_hop_port and resolver are honoured; else the namespace lab, ports 25 and 53
            Capability.EVENTS,  # events() below, from the log
            Capability.RESTART,  # it can be killed, and started again on its spool
        }
    )

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Relay]:
        """Start the relay: it accepts mail when this yields, and is gone when it is left."""
        folder = config.work_directory  # the only place to write to
        listen = Address(config.listen.host, config.listen.port or free_port(config.listen.host))
        (folder / "MYRELAY.conf").write_text(_configuration(config, listen), encoding="utf-8")
        # what is true for the times that it is asked for; whole=True: in whole seconds; queue_lifetime=...: another one
        schedule = granted(config, granularity=1.0)  # it looks at its queue once a second
        log = PatternLog(folder / "MYRELAY.log", *_LINES)
        async with Running(listen, schedule, Daemons(folder), log=log) as relay:
            yield relay


class Running(ProcessRelay):
    """The relay while it runs."""

    async def start(self) -> None:
        """Start it in the foreground: what daemonizes is neither seen to end, nor ended."""
        await self.daemons.start("MYRELAYd", "-c", "MYRELAY.conf", greets=self.submission)

    async def waiting(self) -> Sequence[QueuedMessage]:
        """Return who waits in the queue."""
        return queued(await self.daemons.run("MYRELAYq"), *_QUEUE)


def _configuration(config: RelayConfig, listen: Address) -> str:
    lines = [
        f"hostname {config.hostname}",
        f"listen {listen.host}:{listen.port}",
        f"spool {config.work_directory}/spool",
        f"resolver {config.resolver.host}:{config.resolver.port}",
        f"retry {config.retry_interval:g}",
        f"expire {config.queue_lifetime:g}",
    ]
    for connector in config.connectors:
        hosts = ",".join(connector.smart_hosts)
        lines.append(f"route {connector.domain} {hosts} port {config.next_hop_port}")
    return "".join(f"{line}\n" for line in lines)
