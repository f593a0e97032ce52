"""Messages that are refused for good, so that a report is due at once: what does it say, to programs and to people?

To whom they are, who sends them and what the sender asked is what makes each different. A relay may refuse to take any
of them.
"""

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import RECIPIENT, Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import LAST_FIELD, LONGEST_PATH, Dsn, Special
from conformance.witness.connections import fault_played
from fake_servers import Reply, Rule, Stage

_REFUSED = Reply(550, "5.1.1 No such user here")
_AT_ONCE = 'the server answers RCPT with "550 5.1.1 No such user here"'

# Two that nobody takes for one another: other code, other status, other words.
_FULL = Reply(552, "5.2.2 Mailbox full")
_BLOCKED = Reply(550, "5.7.1 Sender is blocked")
_SECOND = "second"

# More than a line may have (RFC 5322 section 2.1.1), so that whoever repeats it has to fold it again.
_LINES = 16
_LINE = "\r\n and so on, and so on, and so on, and so on, and so on, and so on, and so on"

# Fields by which some have been sent reports; none of them says where one goes (RFC 5321 section 6.1).
_OTHERS = tuple(
    f"{name}: <{{author}}>".encode("ascii")
    for name in ("Reply-To", "Sender", "Errors-To", "Return-Path", "Return-Receipt-To", "X-Envelope-From")
)


def _mode(
    name: str,
    staged: str,
    special: Special | None = None,
    rules: tuple[Rule, ...] = (),
    also: tuple[str, ...] = (),
    routing: SmartHosts | None = None,
) -> FailureMode:
    return FailureMode(
        name=name,
        section=Section.REPORT,
        staged=staged,
        kind=Kind.REPORTED,
        hosts=(Host(rules=rules or (Rule(Stage.RCPT, _REFUSED),)),),
        routing=routing or SmartHosts(),
        message=Message(special=special, also_to=also),
        witness=fault_played,
    )


MODES = (
    _mode(
        "refused_quoted",
        f"The recipient's local part is a quoted string with a blank, an at sign and a semicolon; {_AT_ONCE}.",
        Special(local='"two words; a@b"'),
    ),
    _mode(
        "refused_plus",
        f"The recipient's local part has capital letters, a plus sign and an equals sign; {_AT_ONCE}.",
        Special(local="First.Last+Tag=x2B"),
    ),
    _mode(
        "refused_longest",
        f"The recipient's address has {LONGEST_PATH - 2} octets, 64 of them before the at sign; {_AT_ONCE}.",
        Special(path=LONGEST_PATH, obliged=True),
    ),
    _mode(
        "refused_idn",
        f"The recipient's domain has an internationalized label, in its ASCII form; {_AT_ONCE}.",
        Special(idn=True),
    ),
    _mode(
        "refused_verp_sender",
        f"The reverse-path has a plus sign, an equals sign and capital letters; {_AT_ONCE}.",
        Special(sender="Bounces+{label}=b.test"),
    ),
    _mode(
        "refused_quoted_sender",
        f"The reverse-path is a quoted string with a blank; {_AT_ONCE}.",
        Special(sender='"b {label}"'),
    ),
    _mode(
        "refused_beside_other_addresses",
        "Reply-To, Sender, Errors-To, Return-Path and Return-Receipt-To name somebody else, as From does; "
        f"{_AT_ONCE}.",
        Special(fields=_OTHERS),
    ),
    _mode(
        "refused_long_subject",
        f"The message has a Subject of {_LINES * len(_LINE):,} octets and more, in {_LINES + 1} lines; {_AT_ONCE}.",
        Special(subject=_LINES * _LINE),
    ),
    _mode("refused_undated", f"The message has no Date field; {_AT_ONCE}.", Special(undated=True)),
    _mode(
        "refused_unidentified",
        f"The message has no Message-ID field; {_AT_ONCE}.",
        Special(unidentified=True),
    ),
    _mode(
        "refused_null_sender",
        f"The message has the null reverse-path; {_AT_ONCE}.",
        Special(null_sender=True),
    ),
    _mode(
        "refused_dsn_headers",
        "Submitted with NOTIFY=FAILURE,DELAY, RET=HDRS, an ENVID and an ORCPT in xtext, with a plus sign, a blank "
        f"and a tilde; {_AT_ONCE}.",
        Special(
            fields=(f"{LAST_FIELD}: nothing stands behind it".encode("ascii"),),
            dsn=Dsn(
                notify="FAILURE,DELAY",
                ret="HDRS",
                envid="QQ+2B31+20+7E4159",
                orcpt="rfc822;+22First+2B+20+7ELast+22@origin.test",
            ),
        ),
    ),
    _mode(
        "refused_dsn_full",
        f"Submitted with NOTIFY=SUCCESS,FAILURE and RET=FULL; {_AT_ONCE}.",
        Special(dsn=Dsn(notify="SUCCESS,FAILURE", ret="FULL")),
    ),
    _mode(
        "refused_dsn_line_end",
        f"Submitted with an ORCPT in which xtext stands for a bell, a line end and another field; {_AT_ONCE}.",
        Special(dsn=Dsn(orcpt="rfc822;first+07+0D+0AOriginal-Recipient:+20rfc822;second")),
    ),
    _mode("refused_dsn_never", f"Submitted with NOTIFY=NEVER; {_AT_ONCE}.", Special(dsn=Dsn(notify="NEVER"))),
    _mode(
        "refused_dsn_success",
        f"Submitted with NOTIFY=SUCCESS, which leaves FAILURE out; {_AT_ONCE}.",
        Special(dsn=Dsn(notify="SUCCESS")),
    ),
    _mode(
        "refused_in_two_ways",
        'The server refuses one of two recipients with "552 5.2.2 Mailbox full" and the other one with '
        '"550 5.7.1 Sender is blocked".',
        rules=(Rule(Stage.RCPT, _FULL, recipient=RECIPIENT), Rule(Stage.RCPT, _BLOCKED, recipient=_SECOND)),
        also=(_SECOND,),
    ),
    _mode(
        "refused_at_literal",
        f"The smart host is given by its IPv4 address; {_AT_ONCE}.",
        routing=SmartHosts(literal=True),
    ),
    _mode(
        "refused_later",
        'The server answers RCPT with "451 4.3.2 Try again later" on the first connection, and then with '
        '"550 5.1.1 No such user here".',
        rules=(
            Rule(Stage.RCPT, Reply(451, "4.3.2 Try again later"), connections=range(1, 2)),
            Rule(Stage.RCPT, _REFUSED),
        ),
    ),
)
