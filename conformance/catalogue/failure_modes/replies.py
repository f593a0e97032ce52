"""Replies that are in order and unusual: no status, a status of another class, an unknown code, several lines.

A client acts on the reply code alone, unknown ones by their first digit, and any text is acceptable (RFC 5321
sections 4.2 and 4.3.2). The source document has them under "Other error codes".
"""

from conformance.catalogue.destination import Host, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Refusal
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Reply, Rule, Stage

# Some have no status, or one of another class, which nobody may say who has offered them (RFC 2034 section 4).
_WITHOUT_STATUS = offer_without("ENHANCEDSTATUSCODES")
_BUSY = ("busy", "tryagain", "later")
_UNWANTED = ("notwanted", "unwanted")


def _transient(name: str, what: str, reply: Reply) -> FailureMode:
    return FailureMode(
        name=f"reply_{name}",
        section=Section.TRANSIENT_REPLIES,
        staged=f"The server answers RCPT with {what}.",
        hosts=(Host(rules=(Rule(Stage.RCPT, reply),), extensions=_WITHOUT_STATUS),),
        witness=fault_played,
        explained_by=(*_BUSY, str(reply.code)),
        refusal=Refusal(reply=reply),
    )


def _permanent(name: str, what: str, reply: Reply) -> FailureMode:
    return FailureMode(
        name=f"rejected_{name}",
        section=Section.PERMANENT_REPLIES,
        staged=f"The server answers RCPT with {what}.",
        kind=Kind.PERMANENT,
        hosts=(Host(rules=(Rule(Stage.RCPT, reply),), extensions=_WITHOUT_STATUS),),
        witness=fault_played,
        explained_by=(*_UNWANTED, str(reply.code)),
        refusal=Refusal(reply=reply),
    )


MODES = (
    _transient(
        "without_status",
        '"450 Mailbox busy, try again later", without an enhanced status code',
        Reply(450, "Mailbox busy, try again later"),
    ),
    _transient(
        "of_another_class",
        '"450 5.7.1 Mailbox busy, try again later": the two codes are not of one class',
        Reply(450, "5.7.1 Mailbox busy, try again later"),
    ),
    _transient(
        "499",
        "499, a code that no standard has",
        Reply(499, "4.2.1 Mailbox busy, try again later"),
    ),
    _transient(
        "multi_line",
        "450 in three lines",
        Reply(450, "4.2.1 Mailbox busy", "4.2.1 Twelve others are waiting", "4.2.1 Try again later"),
    ),
    _permanent(
        "without_status",
        '"550 Not wanted here", without an enhanced status code',
        Reply(550, "Not wanted here"),
    ),
    _permanent(
        "of_another_class",
        '"550 4.7.1 Not wanted here": the two codes are not of one class',
        Reply(550, "4.7.1 Not wanted here"),
    ),
    _permanent("599", "599, a code that no standard has", Reply(599, "5.7.1 Not wanted here")),
    _permanent(
        "multi_line",
        "550 in three lines",
        Reply(550, "5.7.1 Not wanted here", "5.7.1 Ask for a better name", "5.7.1 Case number forty-two"),
    ),
    FailureMode(
        name="reply_259",
        section=Section.POSITIVE_REPLIES,
        staged="The server accepts MAIL with 200 and RCPT with 259, codes that no standard has.",
        kind=Kind.HARMLESS,
        hosts=(
            Host(
                rules=(
                    Rule(Stage.MAIL, Reply(200, "2.1.0 Sender welcome")),
                    Rule(Stage.RCPT, Reply(259, "2.1.5 Recipient known")),
                )
            ),
        ),
        witness=fault_played,
    ),
)
