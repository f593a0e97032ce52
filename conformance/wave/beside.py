"""Servers of a scenario beside that of its destination: of further recipient domains, and of the sender's own.

Each is the one smart host of a domain. It may answer in any way, and its name may get any answer; more can be wrong
with the hosts of a destination only.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.catalogue.destination import Host
from conformance.catalogue.scenario import Scenario
from conformance.evidence.site import Site
from conformance.lab.addresses import HOSTS_PER_SCENARIO, Lab
from conformance.target import Connector
from conformance.wave.envelope import elsewhere_of, sender_domain_of
from conformance.wave.names import elsewhere_host, way_back_host
from fake_servers import Journal, Records, Script, SmtpServer, Zone
from fake_servers.limits import Limits

# Number of the server to which a scenario's reports go: the last of its addresses.
_BACK = HOSTS_PER_SCENARIO - 1


class Beside:
    """One of them.

    Args:
        site: Where it is.
        host: What is wrong with it.
        journal: Where everything is noted.
        zone: What the name server knows.
        limits: What it bears of a relay.
    """

    def __init__(self, site: Site, host: Host, journal: Journal, zone: Zone, limits: Limits) -> None:
        self.site = site
        self._host = host
        self._zone = zone
        self._server = SmtpServer(journal, hostname=site.name, script=_script(host), limits=limits)

    async def start(self) -> None:
        """Arm it."""
        await self._server.start(self.site.host, self.site.port)
        if self._host.dns.answer is None:
            self._zone.set(self.site.name, "A", Records(self.site.host))
        else:
            self._zone.set_all(self.site.name, self._host.dns.answer)

    def mend(self) -> None:
        """Be healthy from now on."""
        self._server.repair(Script())
        self._zone.clear(self.site.name)
        self._zone.set(self.site.name, "A", Records(self.site.host))

    async def stop(self) -> None:
        """Close it."""
        await self._server.stop()


def elsewhere(scenario: Scenario, index: int, lab: Lab) -> Iterator[tuple[Site, Host]]:
    """Yield where the server of each further recipient domain is, and what is wrong with it.

    Args:
        scenario: The scenario.
        index: Its place in the address plan.
        lab: The address plan.
    """
    mode = scenario.failure_mode
    for number, each in enumerate(mode.message.elsewhere):
        address = lab.scenario_host(index, len(mode.hosts) + number)
        yield Site(name=elsewhere_host(scenario, number), host=address, port=lab.smtp_port), each.host


def way_back(scenario: Scenario, index: int, lab: Lab) -> tuple[Site, Host] | None:
    """Return where the server is to which reports go, and what is wrong with it; None: all senders share one."""
    back = scenario.failure_mode.way_back
    if back is None:
        return None
    address = lab.scenario_host(index, _BACK)
    return Site(name=way_back_host(scenario), host=address, port=lab.smtp_port), back.host


def connectors_beside(scenario: Scenario) -> list[Connector]:
    """Return the connectors that lead to them."""
    domains = elsewhere_of(scenario)
    found = [
        Connector(domain=domain, smart_hosts=(elsewhere_host(scenario, number),))
        for number, domain in enumerate(domains)
    ]
    if scenario.failure_mode.way_back is not None:
        back = Connector(domain=sender_domain_of(scenario), smart_hosts=(way_back_host(scenario),))
        found.append(back)
    return found


def _script(host: Host) -> Script:
    return Script(*host.rules, extensions=host.extensions)
