"""TLS sessions that one server gives and another one takes, whatever certificate it has, as behind one load balancer.

A session that is resumed brings no certificate (RFC 8446 section 2.2): who offers it to another host than the one that
gave it sees none at all. Clients MUST only do so where the certificate that came with it is valid for that host as well
(section 4.6.1).
"""

from __future__ import annotations

import ssl
from typing import Self


class SharingContext(ssl.SSLContext):
    """A server's context whose sessions are kept by another one, its keeper; several may have the same.

    OpenSSL looks for sessions where a connection began, and for a certificate where it is told to go on.
    """

    _keeper: ssl.SSLContext

    @classmethod
    def kept_by(cls, keeper: ssl.SSLContext) -> Self:
        """Return a context without a certificate yet; that of the keeper is never presented."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._keeper = keeper
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Return a connection that begins with the keeper of the sessions and goes on with this certificate."""
        tls = self._keeper.wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        tls.context = self
        return tls
