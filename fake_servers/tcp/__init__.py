"""TCP without SMTP: ports that refuse or swallow connections, unreachable addresses, and witnesses of it."""

from fake_servers.tcp.faults import Hanging, Refusing, Unreachable
from fake_servers.tcp.packet_watch import PacketWatch
from fake_servers.tcp.probing import probe
from fake_servers.tcp.syn_watch import SynWatch

__all__ = ["Hanging", "PacketWatch", "Refusing", "SynWatch", "Unreachable", "probe"]
