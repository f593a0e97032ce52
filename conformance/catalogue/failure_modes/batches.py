"""Several messages for one destination: on connections that are used again, in a backlog, under limits.

A relay may open a connection for each message, or use one again; with RSET between two messages or without. Whichever
it does, what a server says to one message is not said to the next (RFC 5321 section 4.2.1), and a connection that is
gone refuses nobody (section 3.8). So each message is delivered once, or returned once if it was refused for good.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.catalogue.connector import MxRouting, TlsRule
from conformance.catalogue.destination import (
    DnsName,
    EachAttempt,
    Host,
    ServerTls,
    Tcp,
    Timeout,
    offer_without,
)
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import RECIPIENT, Batch, Kind, Message, members
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.attempts import Witness
from conformance.witness.connections import delivered, fault_played, stalled, syn_dropped, syn_refused
from conformance.witness.dns import query_failed
from fake_servers import (
    OFFER,
    Certificate,
    Close,
    CloseWith421,
    Followed,
    Reply,
    Reset,
    Rule,
    ServFail,
    Slow,
    Stage,
    Stall,
)

_TAKEN = Reply(250, "2.0.0 OK")
_UNWANTED = Reply(550, "5.7.1 Not wanted here")
_BAD_CONTENT = Reply(554, "5.6.0 Not such a message")
_BUSY = Reply(450, "4.2.1 Mailbox busy")
_ENOUGH = "4.7.0 Too many messages on this connection"
_CLOSING = Reply(421, "4.4.2 Idle for too long")
_CROWDED = "4.7.0 Too many connections"

_FEW = 6  # messages where some are refused
_AT_RCPT, _AT_DOT = members(_FEW)[1], members(_FEW)[3]
_REFUSED = (
    Rule(Stage.RCPT, _UNWANTED, recipient=_AT_RCPT),
    Rule(Stage.DOT, _BAD_CONTENT, recipient=_AT_DOT),
)
_SOME_REFUSED = (
    f'Of {_FEW} messages the server refuses one in answer to RCPT ("{_UNWANTED.text}") and one in answer to the final '
    f'dot ("{_BAD_CONTENT.text}")'
)
_LATER = range(2, 10_000)  # every transaction of a connection but the first
_BEGUN = range(1, 10_000)  # behind a MAIL: who says RSET before that has nothing to forget
_OFFERS = {"": OFFER, "_one_by_one": offer_without("PIPELINING")}


def _batch(
    name: str,
    staged: str,
    host: Host,
    batch: Batch,
    *,
    witness: Witness = fault_played,
    timeout: Timeout | None = None,
    avoidable: str = "",
    section: Section = Section.BATCH,
) -> FailureMode:
    return FailureMode(
        name=name,
        section=section,
        staged=staged,
        kind=Kind.BATCH,
        hosts=(host,),
        message=Message(batch=batch),
        witness=witness,
        attempt=EachAttempt(timeout=timeout),
        avoidable_because=avoidable,
    )


# What the server does on a connection that is used again.
_AGAIN: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "421": (
        f'answers the second MAIL on a connection with "421 {_ENOUGH}" and closes it',
        (Rule(Stage.MAIL, CloseWith421(_ENOUGH), transactions=_LATER),),
    ),
    "451": (
        f'answers every MAIL on a connection but the first with "451 {_ENOUGH}"',
        (Rule(Stage.MAIL, Reply(451, _ENOUGH), transactions=_LATER),),
    ),
    "closed": (
        "closes a connection instead of answering the second MAIL on it",
        (Rule(Stage.MAIL, Close(), transactions=_LATER),),
    ),
    "reset": (
        "resets a connection instead of answering the second MAIL on it",
        (Rule(Stage.MAIL, Reset(), transactions=_LATER),),
    ),
    "silent": (
        "falls silent at the second MAIL on a connection",
        (Rule(Stage.MAIL, Stall(), transactions=_LATER),),
    ),
    "closed_meanwhile": (
        "closes the connection in one segment with the 250 to the final dot",
        (Rule(Stage.DOT, Followed(_TAKEN, then=Close())),),
    ),
    "421_meanwhile": (
        f'says "{_CLOSING.text}" right behind the 250 to the final dot, and closes the connection',
        (Rule(Stage.DOT, Followed(_TAKEN, by=_CLOSING, then=Close())),),
    ),
    "rset_refused": (
        'answers RSET behind a message with "500 5.5.1 Command not recognized"',
        (Rule(Stage.RSET, Reply(500, "5.5.1 Command not recognized"), transactions=_BEGUN),),
    ),
    "rset_421": (
        'answers RSET behind a message with "421 4.3.2 Not now" and closes the connection',
        (Rule(Stage.RSET, CloseWith421("4.3.2 Not now"), transactions=_BEGUN),),
    ),
    "rset_closed": (
        "closes the connection instead of answering RSET behind a message",
        (Rule(Stage.RSET, Close(), transactions=_BEGUN),),
    ),
}


# Which of them is staged with which offer: in turn, since none has to do with the other.
OFFERS_USED_AGAIN = {name: tuple(_OFFERS)[number % len(_OFFERS)] for number, name in enumerate(_AGAIN)}


def _used_again() -> Iterator[FailureMode]:
    """Yield what is wrong with a connection that is used again, in turn with PIPELINING and without."""
    for name, offer in _OFFERS.items():
        yield _batch(
            f"several_some_refused{name}",
            f"{_SOME_REFUSED}{_unoffered(name)}.",
            Host(rules=_REFUSED, extensions=offer),
            Batch(count=_FEW),
            section=Section.REUSED,
        )
    for name, (does, rules) in _AGAIN.items():
        suffix = OFFERS_USED_AGAIN[name]
        yield _batch(
            f"used_again_{name}{suffix}",
            f"{_SOME_REFUSED}; it {does}{_unoffered(suffix)}.",
            Host(rules=(*_REFUSED, *rules), extensions=_OFFERS[suffix]),
            Batch(count=_FEW),
            witness=stalled if name == "silent" else fault_played,
            timeout=Timeout.COMMAND if name == "silent" else None,
            section=Section.REUSED_RSET if name.startswith("rset_") else Section.REUSED_GONE,
        )


def _unoffered(name: str) -> str:
    return "; it does not offer PIPELINING" if name else ""


_MANY = 30
_DEAD: dict[str, tuple[str, Host, Witness, Timeout | None]] = {
    "refused": ("refuses connections", Host(tcp=Tcp.REFUSE), syn_refused, None),
    "hangs": ("never answers a connection attempt (SYN)", Host(tcp=Tcp.HANG), syn_dropped, Timeout.CONNECT),
    "silent": (
        "accepts connections and never says a word",
        Host(rules=(Rule(Stage.GREETING, Stall()),)),
        stalled,
        Timeout.COMMAND,
    ),
    "silent_at_dot": (
        "falls silent after the final dot",
        Host(rules=(Rule(Stage.DOT, Stall()),)),
        stalled,
        Timeout.COMMAND,
    ),
    "closed": (
        "closes connections in answer to MAIL",
        Host(rules=(Rule(Stage.MAIL, Close()),)),
        fault_played,
        None,
    ),
    "unknown": (
        "has a name that cannot be looked up (SERVFAIL)",
        Host(dns=DnsName(answer=ServFail())),
        query_failed,
        None,
    ),
    "busy": (f'answers RCPT with "{_BUSY.text}"', Host(rules=(Rule(Stage.RCPT, _BUSY),)), fault_played, None),
}

_BACKLOGS = tuple(
    _batch(
        f"backlog_{name}",
        f"{_MANY} messages wait while the server {does}; then it is repaired.",
        host,
        Batch(count=_MANY, repaired=True),
        witness=witness,
        timeout=timeout,
        section=Section.BACKLOG,
    )
    for name, (does, host, witness, timeout) in _DEAD.items()
)

_LIMITED = 9  # messages, where a server bears few connections
_LIMIT = 2
_NEVER_SO_MANY = f"the relay never has more than {_LIMIT} connections to one server"


def _limited(name: str, staged: str, rule: Rule) -> FailureMode:
    return _batch(
        f"crowded_{name}",
        f"{_LIMITED} messages; where {_LIMIT} connections are open, the server {staged}.",
        Host(rules=(rule,)),
        Batch(count=_LIMITED),
        avoidable=_NEVER_SO_MANY,
    )


_LIMITS = (
    _limited(
        "421",
        f'greets the next one with "421 {_CROWDED}" and closes it',
        Rule(Stage.GREETING, CloseWith421(_CROWDED), beside=_LIMIT),
    ),
    _limited(
        "451",
        f'answers MAIL on the next one with "451 {_CROWDED}"',
        Rule(Stage.MAIL, Reply(451, _CROWDED), beside=_LIMIT),
    ),
    _limited(
        "closed",
        "closes the next one without a word",
        Rule(Stage.CONNECT, Close(), beside=_LIMIT),
    ),
)

_USUAL = 50  # connections that a server takes from one client, where nobody has set another limit
_SLOW = 1.0  # seconds for each reply before RCPT: half of the time-outs that are asked for
_AT_ONCE = _batch(
    "many_at_once",
    f"{_USUAL + 10} messages; a healthy server takes {_SLOW} s for the greeting, EHLO and MAIL each.",
    Host(rules=tuple(Rule(stage, Slow(_SLOW)) for stage in (Stage.GREETING, Stage.EHLO, Stage.MAIL))),
    Batch(count=_USUAL + 10, most=_USUAL),
)

_SILENT_AT_QUIT = _batch(
    "several_silent_quits",
    f"{_FEW} messages; the server takes each and never answers QUIT.",
    Host(rules=(Rule(Stage.QUIT, Stall()),)),
    Batch(count=_FEW),
    witness=stalled,
    timeout=Timeout.COMMAND,
    avoidable="the relay says no QUIT, or hands all messages over on one connection",
)

_IN_TURN = 4
_ONE_BY_ONE = _batch(
    "one_after_another",
    f"{_IN_TURN} messages, each submitted when the one before has come to its end; the server refuses the first in "
    f'answer to RCPT ("{_UNWANTED.text}") and the third in answer to the final dot ("{_BAD_CONTENT.text}").',
    Host(
        rules=(
            Rule(Stage.RCPT, _UNWANTED, recipient=RECIPIENT),
            Rule(Stage.DOT, _BAD_CONTENT, recipient=members(_IN_TURN)[2]),
        )
    ),
    Batch(count=_IN_TURN, one_by_one=True),
)

_BESIDE = _batch(
    "one_of_several_busy",
    f'{_FEW} messages; the server answers RCPT for the first with "{_BUSY.text}" until it is repaired.',
    Host(rules=(Rule(Stage.RCPT, _BUSY, recipient=RECIPIENT),)),
    Batch(count=_FEW, repaired=True),
)

# A Message-ID identifies a message (RFC 5322 section 3.6.4), and says nothing of who has got it: whoever takes it for
# one more recipient delivers it or reports (RFC 5321 section 6.1).
_ALIKE = 3
_ONE_MESSAGE = f"A message is handed over for each of {_ALIKE} recipients on its own, with one Message-ID"
_ONE_MESSAGE_ID = (
    _batch(
        "one_message_id_in_turn",
        f"{_ONE_MESSAGE}, each time when the one before has come to its end; the server is healthy.",
        Host(),
        Batch(count=_ALIKE, alike=True, one_by_one=True),
        witness=delivered,
    ),
    _batch(
        "one_message_id_waiting",
        f'{_ONE_MESSAGE}; the server answers RCPT with "{_BUSY.text}" until it is repaired.',
        Host(rules=(Rule(Stage.RCPT, _BUSY),)),
        Batch(count=_ALIKE, alike=True, repaired=True),
    ),
)

_BY_RULE = "Two messages in turn for one server, by two names of it; one connector asks for no TLS, the"
_TWO_RULES = (
    _batch(
        "rule_after_clear",
        f"{_BY_RULE} other requires it. The server offers none.",
        Host(),
        Batch(count=2, one_by_one=True, rule=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY)),
        witness=delivered,
    ),
    _batch(
        "rule_after_unchecked",
        f"{_BY_RULE} other requires a certificate of a trusted authority. The server presents one of an authority "
        "that is not trusted.",
        Host(tls=ServerTls(certificate=Certificate.UNKNOWN_CA)),
        Batch(count=2, one_by_one=True, rule=TlsRule(policy=TlsPolicy.CERTIFICATE_VALIDATION)),
        witness=delivered,
    ),
)

_MANY = 24
_EQUALS = FailureMode(
    name="mx_equal_many",
    section=Section.BATCH,
    staged=f"{_MANY} messages, each submitted when the one before has come to its end, for a domain with two healthy "
    "mail exchangers of the same preference.",
    kind=Kind.BATCH,
    hosts=(Host(), Host()),
    routing=MxRouting(preferences=(10, 10)),
    message=Message(batch=Batch(count=_MANY, one_by_one=True)),
    witness=delivered,
)

MODES = (
    *_TWO_RULES,
    _EQUALS,
    *_used_again(),
    _ONE_BY_ONE,
    _BESIDE,
    _AT_ONCE,
    _SILENT_AT_QUIT,
    *_LIMITS,
    *_BACKLOGS,
    *_ONE_MESSAGE_ID,
)
