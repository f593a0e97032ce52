"""Whether the relay showed a certificate of its own that a server of ours did not take.

Who is asked for a certificate may show one (RFC 8446 section 4.4.2, RFC 5246 section 7.4.6), and what a server makes of
it is the server's affair. Ours take those of their own authority alone, which no relay can have; most others take any.
So what comes of such a handshake says nothing of the relay.
"""

from __future__ import annotations

from conformance.evidence.view import Evidence
from conformance.judging.verdict import NotApplicable
from fake_servers.events import TlsFailed

# The reason that OpenSSL gives at the server, which verifies nothing but what a client shows.
_NOT_TAKEN = "CERTIFICATE_VERIFY_FAILED"


def pass_over_own_certificate(evidence: Evidence) -> None:
    """Pass a scenario over in which a handshake failed by what the relay showed.

    Raises:
        NotApplicable: One did.
    """
    if any(_NOT_TAKEN in failed.error for failed in evidence.of(TlsFailed)):
        raise NotApplicable(
            "the relay shows a certificate of its own where one is asked for, as it may (RFC 8446 section 4.4.2), and "
            "the server does not know who issued it"
        )
