"""The fixtures of the reference relay's tests."""

from reference_world import mail_server, name_server, relay

__all__ = ["mail_server", "name_server", "relay"]
