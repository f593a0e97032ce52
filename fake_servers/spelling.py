"""Rules and answers as one writes them on a command line, and events as one reads them there."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

from fake_servers.dns import (
    Answer,
    Cname,
    Delayed,
    ForgedElsewhere,
    ForgedFirst,
    HangUp,
    Lame,
    Malformed,
    NoData,
    NxDomain,
    OtherName,
    Records,
    Refused,
    ServFail,
    Silence,
    Truncated,
    WrongId,
)
from fake_servers.event_json import fields_of
from fake_servers.events import Event, SmtpMessage
from fake_servers.smtp import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Endless,
    Followed,
    Raw,
    ReadSlowly,
    Refuse,
    Reply,
    Reset,
    Rule,
    Slow,
    Stage,
    Stall,
    Trickle,
)

_STAGES = " ".join(stage.value for stage in Stage if stage is not Stage.OTHER)

RULE_SYNTAX = f"""\
A rule is STAGE=ACTION, STAGE=ACTION@2 (second connection only) or STAGE=ACTION@1-3; rcpt(ADDRESS)=ACTION is
for one recipient only, rcpt>2=ACTION for those after the first two of a message that were accepted.
  stages:  {_STAGES}
  actions: accept  reply:CODE:TEXT  close_with_421[:TEXT]  close[:OCTETS]  reset[:OCTETS]  stall[:OCTETS]
           trickle:SECONDS:CODE:TEXT  slow:SECONDS  raw:TEXT (escapes like \\r\\n and \\x00)
           refuse_raw:TEXT (the same, and the dialogue goes on as after a refusal)
           read_slowly:OCTETS:SECONDS:TIMES (so many octets before each of so many pauses, at stage body only)
           endless[:CODE[:TEXT]]  reply_then_close:CODE:TEXT  reply_then_reset:CODE:TEXT
OCTETS is how much content to read first, at stage body only.
"""

ANSWER_SYNTAX = """\
The first ANSWER is for the first query, the second for the second ...; the last one repeats.
An ANSWER is nxdomain, nodata, servfail, refused, silence, malformed, lame, hang_up, cname:TARGET,
cname_loop:TARGET (a loop that shows itself), truncated:ANSWER, wrong_id:ANSWER, forged_first:ANSWER,
forged_elsewhere:ANSWER, other_name:OWNER:ANSWER, delayed:SECONDS:ANSWER, or records, separated by a semicolon:
'10 mx1.a.test.; 20 mx2.a.test.'.
The TYPE ALL stands for all types of that name.
"""

_RULE = re.compile(
    r"(?P<stage>\w+)(?:\((?P<recipient>[^)]*)\))?(?:>(?P<beyond>\d+))?=(?P<action>\w+)(?::(?P<arguments>.*?))?"
    r"(?:@(?P<first>\d+)(?:-(?P<last>\d+))?)?",
    re.DOTALL,
)

_ANSWERS: dict[str, type[Answer]] = {
    kind.name: kind for kind in (NxDomain, NoData, ServFail, Refused, Silence, Malformed, Lame, HangUp)
}


def parse_rule(text: str) -> Rule:
    """Read a rule; see `RULE_SYNTAX`.

    Raises:
        ValueError: It is malformed or makes no sense; the text says what is wrong.
    """
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not of the form STAGE=ACTION")
    try:
        stage = Stage(match["stage"])
    except ValueError:
        raise ValueError(f"no stage {match['stage']!r}; there are {_STAGES}") from None
    connections = None
    if match["first"]:
        first, last = int(match["first"]), int(match["last"] or match["first"])
        if not 1 <= first <= last:
            raise ValueError(f"no connections {first} to {last}: they are counted from 1")
        connections = range(first, last + 1)
    action = _action(match["action"], match["arguments"] or "")
    beyond = int(match["beyond"]) if match["beyond"] else None
    return Rule(stage, action, connections, match["recipient"], beyond)


def parse_answer(text: str) -> Answer:
    """Read an answer; see `ANSWER_SYNTAX`.

    Raises:
        ValueError: What stands between the colons is malformed.
    """
    kind = _ANSWERS.get(text)
    name, _, rest = text.partition(":")
    argument, _, then = rest.partition(":")
    match name:
        case Cname.name:
            return Cname(rest)
        case "cname_loop":
            return Cname(rest, loop_shown=True)
        case Truncated.name:
            return Truncated(parse_answer(rest))
        case ForgedFirst.name:
            return ForgedFirst(parse_answer(rest))
        case ForgedElsewhere.name:
            return ForgedElsewhere(parse_answer(rest))
        case WrongId.name:
            return WrongId(parse_answer(rest))
        case OtherName.name:
            return OtherName(parse_answer(then), argument)
        case Delayed.name:
            return Delayed(_seconds(argument), parse_answer(then))
    return kind() if kind else Records(*(record.strip() for record in text.split(";")))


def parse_address(text: str) -> tuple[str, int]:
    """Read an address and a port, as in `127.0.0.1:2525` or `[::1]:0`.

    Raises:
        ValueError: It is not of that form.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdecimal()) or int(port) > 0xFFFF:
        raise ValueError(f"{text!r} is not of the form HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def spell(event: Event) -> str:
    """Return an event as one line."""
    fields = fields_of(event)
    if isinstance(event, SmtpMessage):
        fields["content"] = f"<{len(event.content)} octets>"
    particulars = [f"{name}={json.dumps(value, ensure_ascii=True)}" for name, value in fields.items()]
    connection = f"#{event.connection}" if event.connection else ""
    return " ".join(
        [f"{event.at:9.3f}", event.server, f"{connection:4}", event.layer, event.kind, *particulars]
    )


def _action(name: str, arguments: str) -> Action:
    try:
        build = _ACTIONS[name]
    except KeyError:
        raise ValueError(f"no action {name!r}; there are {' '.join(_ACTIONS)}") from None
    return build(arguments)


def _octets(kind: Callable[[int], Action]) -> Callable[[str], Action]:
    def build(arguments: str) -> Action:
        if arguments and not arguments.isdecimal():
            raise ValueError(f"{arguments!r} is no number of octets")
        return kind(int(arguments or "0"))

    return build


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number of seconds") from None
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{text!r} is no number of seconds from 0 on")
    return seconds


def _reply(arguments: str) -> Reply:
    code, _, text = arguments.partition(":")
    if not code.isdecimal():
        raise ValueError(f"a reply needs a code, as in reply:450:Busy, not {code!r}")
    return Reply(int(code), text)


def _trickle(arguments: str) -> Trickle:
    interval, _, reply = arguments.partition(":")
    return Trickle(_reply(reply), _seconds(interval))


def _read_slowly(arguments: str) -> ReadSlowly:
    octets, _, rest = arguments.partition(":")
    seconds, _, times = rest.partition(":")
    if not octets.isdecimal() or not times.isdecimal():
        raise ValueError(f"{arguments!r} is not of the form OCTETS:SECONDS:TIMES")
    return ReadSlowly(int(octets), _seconds(seconds), int(times))


def _endless(arguments: str) -> Endless:
    if not arguments:
        return Endless()
    reply = _reply(arguments)
    [line] = reply.lines
    return Endless(line or Endless().line, code=reply.code)


def _raw(arguments: str, then: Refuse | None = None) -> Raw:
    octets = arguments.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")
    return Raw(octets, then)


_ACTIONS: dict[str, Callable[[str], Action]] = {
    Accept.name: lambda _: Accept(),
    Reply.name: _reply,
    CloseWith421.name: lambda text: CloseWith421(text) if text else CloseWith421(),
    Close.name: _octets(Close),
    Reset.name: _octets(Reset),
    Stall.name: _octets(Stall),
    Trickle.name: _trickle,
    ReadSlowly.name: _read_slowly,
    Slow.name: lambda seconds: Slow(_seconds(seconds)),
    Endless.name: _endless,
    "reply_then_close": lambda arguments: Followed(_reply(arguments), then=Close()),
    "reply_then_reset": lambda arguments: Followed(_reply(arguments), then=Reset()),
    Raw.name: _raw,
    f"{Refuse.name}_{Raw.name}": lambda text: _raw(text, Refuse()),
}
