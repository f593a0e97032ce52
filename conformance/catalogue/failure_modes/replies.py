"""Replies that are in order and unusual: no status, a status of another class, an unknown code, several lines, no text.

A client acts on the reply code alone, unknown ones by their first digit, and any text is acceptable (RFC 5321
sections 4.2 and 4.3.2). The source document has them under "Other error codes".
"""

from conformance.catalogue.destination import Host, Timeout, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.grid import mode_of_cell
from conformance.catalogue.failure_modes.grid_actions import LATE, ODD, Column
from conformance.catalogue.failure_modes.grid_stages import ROWS
from conformance.catalogue.message import Kind, Refusal
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Raw, Refuse, Reply, Rule, Stage

# Some have no status, or one of another class, which nobody may say who has offered them (RFC 2034 section 4).
_WITHOUT_STATUS = offer_without("ENHANCEDSTATUSCODES")
_OF_NO_CLASS = "600 4.2.1 Mailbox busy"
_FIRST_3YZ = "300 2.1.5 Recipient known"
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
        "400",
        "400, the first of the codes of its class, which no standard has",
        Reply(400, "4.2.1 Mailbox busy, try again later"),
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
    _transient(
        "last_line_empty",
        "450 in two lines, of which the last has no text",
        Reply(450, "4.2.1 Mailbox busy, try again later", ""),
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
    _permanent("500", "500, the first of the codes of its class", Reply(500, "5.7.1 Not wanted here")),
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
    FailureMode(
        name="reply_bare",
        section=Section.POSITIVE_REPLIES,
        staged="The server accepts MAIL, RCPT and the message with the code 250 alone, without a text or a blank.",
        kind=Kind.HARMLESS,
        hosts=(
            Host(
                rules=tuple(Rule(stage, Raw(b"250\r\n")) for stage in (Stage.MAIL, Stage.RCPT, Stage.DOT)),
                extensions=_WITHOUT_STATUS,
            ),
        ),
        witness=fault_played,
    ),
    FailureMode(
        name="reply_299",
        section=Section.POSITIVE_REPLIES,
        staged="The server accepts MAIL, RCPT and the message with 299, the last of the codes of its class, which no "
        "standard has.",
        kind=Kind.HARMLESS,
        hosts=(
            Host(
                rules=tuple(
                    Rule(stage, Reply(299, "2.0.0 Fine")) for stage in (Stage.MAIL, Stage.RCPT, Stage.DOT)
                )
            ),
        ),
        witness=fault_played,
    ),
    mode_of_cell(
        "reply_300_at_rcpt",
        next(row for row in ROWS if row.stage is Stage.RCPT),
        Column(
            name="reply_300",
            about=f'answers {{asked}} with "{_FIRST_3YZ}", the first code behind those that say yes, and goes on '
            "as if it had refused",
            action=lambda _: Raw(f"{_FIRST_3YZ}\r\n".encode(), then=Refuse()),
            opening=Section.WRONG_CODE,
            later=Section.WRONG_CODE,
            explained_by=(*ODD, *LATE, "300"),
            timeout=Timeout.COMMAND,
            one_by_one="as for `malformed`",
        ),
        brief=True,
    ),
    mode_of_cell(
        "reply_600_at_rcpt",
        next(row for row in ROWS if row.stage is Stage.RCPT),
        Column(
            name="reply_600",
            about='answers {asked} with "'
            + _OF_NO_CLASS
            + '", a code of no class, and goes on as if it had refused',
            action=lambda _: Raw(f"{_OF_NO_CLASS}\r\n".encode(), then=Refuse()),
            opening=Section.ODD,
            later=Section.ODD,
            explained_by=(*ODD, *LATE, "notsmtp", "600", "notvalid"),
            timeout=Timeout.COMMAND,
            one_by_one="as for `malformed`",
        ),
        brief=True,
    ),
)
