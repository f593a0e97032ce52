"""Where a scenario has a server."""

from __future__ import annotations

from dataclasses import dataclass

from fake_servers import endpoint


@dataclass(frozen=True, kw_only=True)
class Site:
    """One address of a scenario.

    Attributes:
        name: The name that leads there, of a smart host or a mail exchanger.
        host: The IP address.
        port: The TCP port.
        tcp: What connecting meets there.
        beside: Whether the name leads to other addresses at the same time; of a fault schedule only that address
            which is the same all along.
    """

    name: str
    host: str
    port: int
    tcp: str = "serve"
    beside: bool = False

    @property
    def server(self) -> str:
        """The address as journal events name it."""
        return endpoint(self.host, self.port)
