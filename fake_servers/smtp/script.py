"""Which action a server takes: by stage, by connection, by recipient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fake_servers.smtp.actions import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Endless,
    Followed,
    InPieces,
    Raw,
    ReadSlowly,
    Refuse,
    Reply,
    Reset,
    Slow,
    Stall,
    Trickle,
)
from fake_servers.smtp.commands import keywords
from fake_servers.stages import Stage

_IN_DIALOGUE = (
    *(Accept, Reply, CloseWith421, Close, Reset, Stall, Trickle, InPieces, Slow, Raw, Endless, Followed),
)
_POSSIBLE: dict[Stage, tuple[type[Action], ...]] = {stage: _IN_DIALOGUE for stage in Stage} | {
    Stage.CONNECT: (Accept, Close, Reset, Stall, Slow),  # a reply here would be the greeting
    Stage.HANDSHAKE: (Accept, Close, Reset, Stall, Slow, Raw),  # no SMTP inside a TLS handshake
    Stage.BODY: (
        Accept,
        CloseWith421,
        Close,
        Reset,
        Stall,
        Slow,
        ReadSlowly,
        Raw,
    ),  # replies belong to DATA and DOT
    Stage.OTHER: (),
}

# What nearly every server offers.
OFFER = ("SIZE", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")

# Where a server knows to whom a message goes, besides RCPT itself.
_WITH_RECIPIENTS = (Stage.RCPT, Stage.DATA, Stage.DOT, Stage.BDAT_LAST)

# Where a server may be asked for content with nobody to take it (RFC 2920, section 3.1).
_FOR_NOBODY = (Stage.DATA, Stage.DOT)

# Where the server knows the reverse-path of the mail that it is offered.
WITH_REVERSE_PATH = (
    *(Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT),
    *(Stage.BDAT, Stage.BDAT_LAST),
)

# What the sessions can really do; an extension offered but not served would be a fault of another kind.
EXTENSIONS = frozenset({*OFFER, "CHUNKING"})
# What others offer, and what nobody can make use of who does not know it: only its name is shown (RFC 5321, section
# 4.1.1.1). A client that tries is told that the command or the parameter is unknown.
_SHOWN = (
    "AUTH",
    "AUTH=LOGIN",
    "DELIVERBY",
    "ETRN",
    "FUTURERELEASE",
    "LIMITS",
    "MT-PRIORITY",
    "NO-SOLICITING",
)
_EXTENSION = re.compile(
    "|".join(EXTENSIONS - {"SIZE"})
    + f"|SIZE(?: [0-9]{{1,20}})?|(?:{'|'.join(_SHOWN)}|X[A-Z0-9-]+)(?: [!-~]+)*"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One action at one stage.

    Attributes:
        stage: Where.
        action: What.
        connections: Which connections, counted from 1 at each server; None: all.
        recipient: Only for this forward-path, without angle brackets; None: all. At RCPT it is the one that is
            offered, at DATA, DOT and BDAT_LAST one of those that were accepted.
        beyond: Only once that many recipients have been accepted in the transaction (stage RCPT only), as
            in `Rule(Stage.RCPT, Reply(452, "4.5.3 Too many recipients"), beyond=2)`; None: always. The count
            restarts with each transaction (RFC 5321, section 4.5.3.1.10).
        null_path: Only for mail with the null reverse-path (RFC 5321, section 4.5.5), as reports have it, or, if
            False, only for other mail (stages MAIL to DOT, BDAT and BDAT_LAST only); None: for all.
        extended: Only for EHLO, or, if False, only for HELO (stages EHLO and EHLO_TLS only); None: for both.
        for_nobody: Only where no recipient was accepted (stages DATA and DOT only), in place of the 503 that DATA
            gets there, as in `Rule(Stage.DATA, Accept(), for_nobody=True)`: a server may ask for content all the
            same (RFC 2920, section 3.1). What comes then is answered by 554.
        transactions: Only in these transactions of a connection, counted from 1 by the MAIL commands that began one
            (stages MAIL to DOT, BDAT and BDAT_LAST, and RSET, which comes behind one); None: in all.
        beside: Only on connections that were accepted beside at least so many others that were still open, as in
            `Rule(Stage.GREETING, CloseWith421("4.7.0 Too many connections"), beside=2)`; None: on all.
    """

    stage: Stage
    action: Action
    connections: range | None = None
    recipient: str | None = None
    beyond: int | None = None
    null_path: bool | None = None
    for_nobody: bool = False
    transactions: range | None = None
    beside: int | None = None
    extended: bool | None = None

    def __post_init__(self) -> None:
        where = f"{self.action.name} at stage {self.stage.value}"
        if not isinstance(self.action, _POSSIBLE[self.stage]):
            possible = ", ".join(kind.name for kind in _POSSIBLE[self.stage])
            raise ValueError(f"{where} makes no sense; there {possible or 'nothing'} can be played")
        if (
            self.stage is not Stage.BODY
            and isinstance(self.action, Close | Reset | Stall)
            and self.action.after
        ):
            raise ValueError(f"{where}: only at stage body is there content to read first")
        if self.recipient is not None and self.stage not in _WITH_RECIPIENTS:
            raise ValueError(
                f"{where}: a recipient can be given at the stages rcpt, data, dot and bdat_last only"
            )
        if self.transactions is not None and self.stage not in (*WITH_REVERSE_PATH, Stage.RSET):
            raise ValueError(f"{where}: there are transactions at the stages mail to dot, bdat and rset only")
        if self.beside is not None and self.beside < 1:
            raise ValueError(f"{where}: beside is a number of other connections from 1 on, not {self.beside}")
        if self.beyond is not None and self.stage is not Stage.RCPT:
            raise ValueError(f"{where}: recipients can be counted at stage rcpt only")
        if self.beyond is not None and self.beyond < 0:
            raise ValueError(f"{where}: beyond is a number of recipients, not {self.beyond}")
        if self.null_path is not None and self.stage not in WITH_REVERSE_PATH:
            raise ValueError(f"{where}: the reverse-path is known at the stages mail to dot and bdat only")
        if self.extended is not None and self.stage not in (Stage.EHLO, Stage.EHLO_TLS):
            raise ValueError(f"{where}: there is EHLO or HELO at the stages ehlo and ehlo_tls only")
        if self.for_nobody and self.stage not in _FOR_NOBODY:
            raise ValueError(f"{where}: nobody can be asked about at the stages data and dot only")
        if isinstance(self.action, Raw):
            self._check_raw(self.action, where)

    def _check_raw(self, raw: Raw, where: str) -> None:
        if isinstance(raw.then, Close | Reset | Stall) and raw.then.after:
            raise ValueError(f"{where}: what follows raw octets reads no content first")
        if self.stage is Stage.HANDSHAKE and isinstance(raw.then, Accept | Refuse):
            raise ValueError(f"{where}: no handshake can follow raw octets")
        if self.stage is Stage.BODY and not isinstance(raw.then, Close | Reset | Stall):
            raise ValueError(f"{where} must be followed by close, reset or stall")

    def concerns(self, *, null_path: bool) -> bool:
        """Whether the rule is for mail with this kind of reverse-path."""
        return self.null_path is None or self.null_path is null_path

    def covers(self, nth: int) -> bool:
        """Whether the rule is for this connection, counted from 1."""
        return self.connections is None or nth in self.connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Which connection it is, and how far it has come.

    Attributes:
        nth: The number of the connection at its server, counted from 1.
        transaction: The number of the transaction on it, counted from 1; 0: none has begun.
        at_once: How many connections the server had when it was accepted, this one included.
    """

    nth: int
    transaction: int = 0
    at_once: int = 1

    def is_covered_by(self, rule: Rule) -> bool:
        """Tell whether a rule is for this connection, and for what is done on it now."""
        if rule.transactions is not None and self.transaction not in rule.transactions:
            return False
        return rule.covers(self.nth) and (rule.beside is None or self.at_once > rule.beside)


class Script:
    """The rules of one server; the first that fits wins, and without one the server is healthy.

    Example::

        Script(
            Rule(Stage.RCPT, Reply(450, "4.2.1 Mailbox busy"), recipient="busy@a.test"),
            Rule(Stage.GREETING, Stall(), connections=range(1, 3)),  # the first two connections
        )

    Attributes:
        rules: The rules, in order.
        starttls: Whether EHLO offers STARTTLS, given that the server has a TLS context.
        extensions: What else EHLO offers, in this order; as it stands what nearly every server does (`OFFER`). There
            are 8BITMIME, CHUNKING, DSN, ENHANCEDSTATUSCODES, PIPELINING, SMTPUTF8, and SIZE, or `SIZE 1000`
            for a limit of so many octets (`SIZE 0`: none). The limit is kept (RFC 1870): a larger SIZE at MAIL and
            larger content at its end get 552. LIMITS, AUTH, `X-ANYTHING` and some others, with or without words
            behind them, are shown and not served. Parameters of what the last EHLO did not offer get 555, BDAT
            without CHUNKING gets 500. All offers are honoured whether or not they were made where a client cannot
            know: replies have enhanced status codes, and commands that come in one segment are answered in one.
        tls_extensions: The same for EHLO under TLS; None: as in clear.
        later_extensions: The same for EHLO in clear or under TLS from the second connection on; None: as at first.
        mixed_case: Whether keywords are written with one capital letter (`Starttls`, `8Bitmime`), as they may be
            (RFC 5321, section 2.4).
    """

    def __init__(
        self,
        *rules: Rule,
        starttls: bool = True,
        extensions: tuple[str, ...] = OFFER,
        tls_extensions: tuple[str, ...] | None = None,
        later_extensions: tuple[str, ...] | None = None,
        mixed_case: bool = False,
    ) -> None:
        for extension in (*extensions, *(tls_extensions or ()), *(later_extensions or ())):
            if not _EXTENSION.fullmatch(extension):
                raise ValueError(
                    f"no extension {extension!r} here; there are {', '.join(sorted(EXTENSIONS))}, 'SIZE 1000', "
                    f"and, only shown, {', '.join(_SHOWN)} and X-..."
                )
        self.rules = rules
        self.starttls = starttls
        self.extensions = extensions
        self.tls_extensions = tls_extensions
        self.later_extensions = later_extensions
        self.mixed_case = mixed_case
        self._keywords = {
            each: keywords(each)
            for each in (extensions, tls_extensions, later_extensions)
            if each is not None
        }

    def __repr__(self) -> str:
        rules = "".join(f"{rule!r}, " for rule in self.rules)
        return (
            f"Script({rules}starttls={self.starttls}, extensions={self.extensions}, "
            f"tls_extensions={self.tls_extensions}, later_extensions={self.later_extensions}, "
            f"mixed_case={self.mixed_case})"
        )

    def offered(self, nth: int, *, secured: bool) -> tuple[str, ...]:
        """Return what a healthy reply to EHLO offers besides STARTTLS on the nth connection, in clear or under TLS."""
        if nth > 1 and self.later_extensions is not None:
            return self.later_extensions
        if secured and self.tls_extensions is not None:
            return self.tls_extensions
        return self.extensions

    def keywords(self, nth: int, *, secured: bool) -> frozenset[str]:
        """Return the keywords of what is `offered`."""
        return self._keywords[self.offered(nth, secured=secured)]

    def action(
        self,
        stage: Stage,
        moment: int | Moment,
        recipient: str = "",
        accepted: int = 0,
        *,
        among: Sequence[str] = (),
        null_path: bool = False,
        extended: bool | None = None,
    ) -> Action:
        """Return what to do.

        Args:
            stage: Where the dialogue has come to.
            moment: On which connection, as its number or with all that a rule may ask for.
            recipient: The forward-path at stage RCPT; compared without regard to case.
            accepted: How many recipients the transaction has already.
            among: The forward-paths that were accepted, behind stage RCPT.
            null_path: Whether the mail has the null reverse-path.
            extended: Whether it is EHLO, or HELO; None: another command.
        """
        named = {each.casefold() for each in ((recipient,) if stage is Stage.RCPT else among)}
        for rule in self._at(stage, moment, null_path=null_path):
            if rule.for_nobody or rule.extended not in (None, extended):
                continue
            if rule.recipient is not None and rule.recipient.casefold() not in named:
                continue
            if rule.beyond is None or accepted >= rule.beyond:
                return rule.action
        return Accept()

    def action_for_nobody(
        self, stage: Stage, moment: int | Moment, *, null_path: bool = False
    ) -> Action | None:
        """Return what to do where no recipient was accepted; None: no rule says."""
        rules = (rule for rule in self._at(stage, moment, null_path=null_path) if rule.for_nobody)
        return next((rule.action for rule in rules), None)

    def _at(self, stage: Stage, moment: int | Moment, *, null_path: bool) -> list[Rule]:
        now = Moment(nth=moment) if isinstance(moment, int) else moment
        return [
            rule
            for rule in self.rules
            if rule.stage is stage and now.is_covered_by(rule) and rule.concerns(null_path=null_path)
        ]

    def healthy(self, nth: int) -> bool:
        """Whether nothing but `Accept` can come out at this connection, and nothing is offered that aiosmtpd lacks."""
        offered = frozenset().union(*self._keywords.values())
        usual = (
            isinstance(rule.action, Accept) and not rule.for_nobody for rule in self.rules if rule.covers(nth)
        )
        return "CHUNKING" not in offered and all(usual)
