"""What servers offer, and commands in groups (RFC 2920): without it, cut off in the middle of a reply, for nobody.

That servers offer PIPELINING is the rule here (`Host.extensions`), so the grid has its faults amid groups of commands.
What a relay does where commands must go one by one is staged besides: for some of the actions, since the rest shows
nothing new.
"""

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import PACE, EachAttempt, Host, ServerTls, Timeout, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.grid import mode_of_cell
from conformance.catalogue.failure_modes.grid_actions import COLUMNS, LATE, LOST
from conformance.catalogue.failure_modes.grid_stages import ROWS
from conformance.catalogue.message import Kind, Refusal
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played, offered, stalled
from fake_servers import OFFER, Accept, Close, Raw, Reply, Rule, Slow, Stage, Stall

_ONE_BY_ONE = offer_without("PIPELINING")
_IN_GROUPS = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
_ACTIONS = ("reply_4yz", "reply_5yz", "close", "stall")
_BUSY = Reply(400, "4.2.1 Mailbox busy")  # the first code of its class: who has it wrong has it wrong here
_UNWANTED = Reply(550, "5.7.1 Not wanted here")


def _offers(name: str, staged: str, host: Host, tls: TlsRule | None = None) -> FailureMode:
    return FailureMode(
        name=name,
        section=Section.OFFERS,
        staged=staged,
        kind=Kind.HARMLESS,
        hosts=(host,),
        tls=tls or TlsRule(),
        witness=offered(host.extensions),
    )


_OFFERED = (
    _offers("offers_nothing", "A healthy server that offers no extension.", Host(extensions=())),
    _offers(
        "offers_chunking",
        "A healthy server that offers CHUNKING besides what most servers do.",
        Host(extensions=(*OFFER, "CHUNKING")),
    ),
    _offers(
        "offers_pipelining_under_tls",
        "The connector requires TLS; a healthy server offers PIPELINING, in clear and under TLS.",
        Host(tls=ServerTls()),
        TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY),
    ),
    _offers(
        "slow_one_by_one",
        f"A healthy server that does not offer PIPELINING and takes {PACE} s for the greeting and for each reply.",
        Host(
            rules=tuple(
                Rule(stage=stage, action=Slow(PACE)) for stage in (Stage.GREETING, Stage.EHLO, *_IN_GROUPS)
            ),
            extensions=_ONE_BY_ONE,
        ),
    ),
)


def _without() -> tuple[FailureMode, ...]:
    return tuple(
        mode_of_cell(
            f"{column.name}_at_{row.stage}_one_by_one", row, column, extensions=_ONE_BY_ONE, brief=True
        )
        for row in ROWS
        for column in COLUMNS
        if row.stage in _IN_GROUPS and column.name in _ACTIONS
    )


def _for_nobody(name: str, section: Section, kind: Kind, reply: Reply, words: tuple[str, ...]) -> FailureMode:
    return FailureMode(
        name=f"data_for_nobody_{name}",
        section=section,
        staged=f'The server answers RCPT with "{reply.code} {reply.text}", and DATA with 354 all the same; what comes '
        "gets 554.",
        kind=kind,
        hosts=(Host(rules=(Rule(Stage.RCPT, reply), Rule(Stage.DATA, Accept(), for_nobody=True))),),
        witness=fault_played,
        explained_by=(*words, str(reply.code)),
        refusal=Refusal(reply=reply),
        brief=kind is Kind.TRANSIENT,
    )


def _cut_off(
    name: str, how: str, then: Close | Stall, witness: Witness, words: tuple[str, ...]
) -> FailureMode:
    silent = isinstance(then, Stall)
    return FailureMode(
        name=f"reply_cut_off_then_{name}",
        section=Section.SILENT if silent else Section.CLOSED_ABRUPTLY,
        staged=f'The server answers RCPT with "250 2.1.", the first half of a reply, and {how}.',
        hosts=(Host(rules=(Rule(Stage.RCPT, Raw(b"250 2.1.", then=then)),)),),
        witness=witness,
        attempt=EachAttempt(timeout=Timeout.COMMAND if silent else None),
        explained_by=words,
        brief=True,
    )


MODES = (
    *_OFFERED,
    *_without(),
    _for_nobody("4yz", Section.TRANSIENT_REPLIES, Kind.TRANSIENT, _BUSY, ("mailboxbusy",)),
    _for_nobody("5yz", Section.PERMANENT_REPLIES, Kind.PERMANENT, _UNWANTED, ("notwanted",)),
    _cut_off("closed", "closes the connection", Close(), fault_played, LOST),
    _cut_off("silence", "falls silent", Stall(), stalled, LATE),
)
