"""Replies that every client must have met: known codes of the classes 2 and 4, and lines that come in pieces.

Their class alone decides (RFC 5321 section 4.2.1), and where a packet ends means nothing (RFC 9293 section 3.8).
"""

from conformance.catalogue.destination import Host, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Refusal
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import InPieces, Reply, Rule, Stage

_WITHOUT_STATUS = offer_without("ENHANCEDSTATUSCODES")


def _transient(name: str, meaning: str, reply: Reply, word: str) -> FailureMode:
    return FailureMode(
        name=f"reply_{name}",
        section=Section.TRANSIENT_REPLIES,
        staged=f'The server answers RCPT with "{reply.text}", {meaning}.',
        hosts=(Host(rules=(Rule(Stage.RCPT, reply),), extensions=_WITHOUT_STATUS),),
        witness=fault_played,
        explained_by=(word, str(reply.code)),
        refusal=Refusal(reply=reply),
        brief=True,
    )


def _harmless(name: str, staged: str, host: Host) -> FailureMode:
    return FailureMode(
        name=f"reply_{name}",
        section=Section.POSITIVE_REPLIES,
        staged=staged,
        kind=Kind.HARMLESS,
        hosts=(host,),
        witness=fault_played,
    )


MODES = (
    _transient(
        "450_domain_not_found",
        "as who cannot look the domain up for the moment",
        Reply(450, "4.1.2 Domain not found"),
        "domain",
    ),
    _transient(
        "450_unverified",
        "as who cannot ask whether there is such a recipient",
        Reply(450, "4.1.1 Unverified address"),
        "unverified",
    ),
    _transient("452_mailbox_full", "as who may have room again", Reply(452, "4.2.2 Mailbox full"), "full"),
    _harmless(
        "251",
        'The server accepts RCPT with "251 2.1.5 User not local; will forward".',
        Host(rules=(Rule(Stage.RCPT, Reply(251, "2.1.5 User not local; will forward")),)),
    ),
    _harmless(
        "in_pieces",
        "The greeting, and the replies to EHLO and to the final dot, have two lines and more, and come octet by octet, "
        "each in a packet of its own.",
        Host(
            rules=(
                Rule(Stage.GREETING, InPieces(Reply(220, "mx.test", "is ready"))),
                Rule(Stage.EHLO, InPieces(Reply(250, "mx.test", "SIZE", "8BITMIME", "DSN"))),
                Rule(Stage.DOT, InPieces(Reply(250, "2.0.0 Taken", "2.0.0 and kept"))),
            ),
            extensions=("SIZE", "8BITMIME", "DSN"),
        ),
    ),
)
