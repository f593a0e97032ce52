"""One scripted SMTP dialogue, seen from the server, without any I/O.

Octets go in by `received`; out come effects, in order: what to send, what to note, how to leave. The server
(`fake_servers.smtp.scripted`) owns the socket, the clock and TLS.

Theory of operation. What comes in is *heard* first: all commands of a group (RFC 2920) are noted before the
first of them is answered, up to one behind which something else than a command may follow. Then each is looked up in
`_COMMANDS`; its method checks grammar and sequence, which the script cannot change, and then calls
`Output.answer` with the positive reply and with what accepting changes. It asks the script for the action of the
stage, and everything a script can do to a reply happens there. Three stages have no command of their own, so they ask
for their action elsewhere: CONNECT and GREETING in `connected`, BODY in `Intake`, and HANDSHAKE in
`_begin_handshake`. After an effect that ends the dialogue (one of `Final`) the session is `over` and ignores what
still comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fake_servers.events import SmtpUnoffered
from fake_servers.smtp.actions import Accept, Close, Raw, Reply, Reset, Slow, Stall
from fake_servers.smtp.commands import (
    NOT_IMPLEMENTED,
    Path,
    decoded,
    ehlo_lines,
    offered_by,
    parse_chunk,
    parse_path,
    size_limit,
)
from fake_servers.smtp.effects import Effect, HalfClose, StartTls, Wait
from fake_servers.smtp.envelope import NEEDS_SMTPUTF8, Envelope, refusal_of
from fake_servers.smtp.inbox import Inbox
from fake_servers.smtp.intake import TOO_LONG, Intake
from fake_servers.smtp.lines import MAX_LINE
from fake_servers.smtp.output import Output
from fake_servers.smtp.script import Script
from fake_servers.stages import Stage

_READ_SIZE = 64 * 1024
_NOBODY = Reply(554, "5.5.1 No valid recipients")
_TLS_RECORD_HEADER = 5  # type, version, length: RFC 8446, section 5.1


class Session:
    """A server's side of one connection.

    Args:
        script: What to do.
        nth: The number of the connection at its server, counted from 1.
        hostname: The name in the greeting and in the reply to EHLO.
        tls: Whether the server could negotiate TLS.
        at_once: How many connections the server had when this one was accepted, this one included.
    """

    def __init__(self, script: Script, nth: int, *, hostname: str, tls: bool, at_once: int = 1) -> None:
        self._script = script
        self._nth = nth
        self._hostname = hostname
        self._starttls = tls and script.starttls
        self._secured = False
        self._awaits_hello = False  # the ClientHello, in order to misbehave then
        self._inbox = Inbox()
        self._out = Output(script, nth, at_once)
        self._intake = Intake(self._out)
        self._chunk: Stage | None = None  # which is due
        self._welcome = True
        self._greeted = False
        self._offered: frozenset[str] = frozenset()  # by the reply to the last EHLO
        self._forget()

    @property
    def over(self) -> bool:
        """Whether the last effect was final."""
        return self._out.over

    @property
    def wanted(self) -> int:
        """The most octets that should be read now, so that a fault amid content leaves the rest unread."""
        if self._intake.due and self._intake.wanted is not None:
            return self._intake.wanted
        return _READ_SIZE

    def connected(self) -> list[Effect]:
        """Open the dialogue."""
        at_connect = self._out.action(Stage.CONNECT)
        if not isinstance(at_connect, Accept):
            self._out.fault(Stage.CONNECT, at_connect.name)
        if isinstance(at_connect, Slow):
            self._out.do(Wait(at_connect.seconds))
        elif isinstance(at_connect, Close | Reset | Stall):
            self._out.leave(at_connect)
        if not self._out.over:
            self._welcome = False
            self._out.answer(Stage.GREETING, Reply(220, f"{self._hostname} ESMTP"), self._be_welcoming)
        return self._out.take()

    def received(self, data: bytes, *, early: bool = False) -> list[Effect]:
        """Take octets from the peer; under TLS, after decryption.

        Args:
            data: The octets.
            early: Whether the first of them had come before our last reply was sent.
        """
        self._inbox.add(data, early=early)
        while self._inbox and not self._out.over and self._consume():
            pass
        if self._out.over:
            self._hear()  # what came with it
        return self._out.take()

    def secured(self) -> list[Effect]:
        """Go on under TLS: all knowledge of the client is forgotten (RFC 3207, section 4.2)."""
        self._secured = True
        self._greeted = False
        self._offered = frozenset()
        self._forget()
        return self._out.take()

    def cut_off(self) -> list[Effect]:
        """The peer has left: say how much content there was, if it left amid content."""
        self._intake.cut_off()
        return self._out.take()

    # Input

    def _consume(self) -> bool:
        """Take one unit of input, and return False if it is not complete yet."""
        if self._intake.due:
            return self._consume_content()
        if self._awaits_hello:
            return self._consume_client_hello()
        self._hear()
        heard = self._inbox.command()
        if heard is not None:
            self._command(*heard)
        return heard is not None

    def _hear(self) -> None:
        if not self._intake.due and not self._awaits_hello:
            for event in self._inbox.hear(secured=self._secured):
                self._out.note(event)

    def _consume_content(self) -> bool:
        rest = self._intake.feed(self._inbox.rest())
        self._inbox.add(rest, early=False)
        if not self._intake.due and not self._out.over:
            self._content_came()
        return True

    def _consume_client_hello(self) -> bool:
        hello = self._inbox.octets
        if len(hello) < _TLS_RECORD_HEADER:
            return False
        if len(hello) < _TLS_RECORD_HEADER + int.from_bytes(hello[3:5]):
            return False
        self._awaits_hello = False
        hello.clear()
        action = self._out.action(Stage.HANDSHAKE)
        self._out.fault(Stage.HANDSHAKE, action.name)
        if isinstance(action, Raw):
            self._out.send_raw(Stage.HANDSHAKE, action)
            if not self._out.over:
                self._out.leave(Stall())
        elif isinstance(action, Close | Reset | Stall):
            self._out.leave(action)
        return True

    # Commands

    def _command(self, line: bytes, stage: Stage) -> None:
        verb, _, argument = decoded(line).partition(" ")
        verb = verb.upper()
        if len(line) > MAX_LINE:
            self._out.say(stage, TOO_LONG)
        elif not self._welcome and verb != "QUIT":  # RFC 5321, section 3.1, on a greeting of 554
            self._out.say(stage, Reply(503, "5.5.1 Bad sequence of commands"))
        elif verb in _COMMANDS:
            _COMMANDS[verb](self, argument.strip())
        else:
            self._out.say(stage, Reply(500, "5.5.1 Command not recognized"))

    def _ehlo(self, argument: str) -> None:
        extended = ehlo_lines(
            self._hostname,
            starttls=self._starttls and not self._secured,
            extensions=self._script.offered(self._nth, secured=self._secured),
            mixed_case=self._script.mixed_case,
        )
        self._hello(argument, Reply(250, *extended), extended=True)

    def _helo(self, argument: str) -> None:
        self._hello(argument, Reply(250, self._hostname), extended=False)

    def _hello(self, argument: str, accepted: Reply, *, extended: bool) -> None:
        stage = Stage.EHLO_TLS if self._secured else Stage.EHLO
        if not argument:
            self._out.say(stage, Reply(501, "5.5.4 Give your name"))
        else:
            self._out.answer(stage, accepted, lambda: self._greet(extended=extended), extended=extended)

    def _starttls_command(self, argument: str) -> None:
        if argument:
            self._out.say(Stage.STARTTLS, Reply(501, "5.5.4 No parameters allowed"))
        elif self._secured:
            self._out.say(Stage.STARTTLS, Reply(503, "5.5.1 TLS is already in use"))
        elif not self._starttls:
            self._out.answer(Stage.STARTTLS, Reply(*NOT_IMPLEMENTED), lambda: None)
        else:
            self._out.answer(Stage.STARTTLS, Reply(220, "2.0.0 Ready to start TLS"), self._begin_handshake)

    def _mail(self, argument: str) -> None:
        path = parse_path(argument, "FROM")
        if not self._greeted:
            self._out.say(Stage.MAIL, Reply(503, "5.5.1 Send EHLO first"))
        elif path is None:
            self._out.say(Stage.MAIL, Reply(501, "5.5.4 Syntax: MAIL FROM:<address>"))
        elif self._envelope.sender is not None:
            self._out.say(Stage.MAIL, Reply(503, "5.5.1 Nested MAIL command"))
        elif not self._refuse_unoffered(Stage.MAIL, path, "FROM"):
            self._out.null_path = not path.address
            self._out.transaction += 1
            if refusal := refusal_of(path, self._size_limit):
                self._out.say(Stage.MAIL, refusal)
            else:
                self._out.answer(Stage.MAIL, Reply(250, "2.1.0 OK"), lambda: self._take_sender(path))

    def _rcpt(self, argument: str) -> None:
        path = parse_path(argument, "TO")
        if not self._greeted:
            self._out.say(Stage.RCPT, Reply(503, "5.5.1 Send EHLO first"))
        elif self._envelope.sender is None or self._envelope.chunked:
            # Also after a refused MAIL: else a pipelining client would complete an empty message.
            self._out.say(Stage.RCPT, Reply(503, "5.5.1 Need MAIL command"))
        elif path is None or not path.address:
            self._out.say(Stage.RCPT, Reply(501, "5.5.4 Syntax: RCPT TO:<address>"))
        elif self._refuse_unoffered(Stage.RCPT, path, "TO"):
            return
        elif not path.address.isascii() and not self._envelope.international:
            self._out.say(Stage.RCPT, NEEDS_SMTPUTF8)
        else:
            recipients = self._envelope.recipients
            self._out.answer_rcpt(lambda: recipients.append(path), path.address, len(recipients))

    def _refuse_unoffered(self, stage: Stage, path: Path, keyword: Literal["FROM", "TO"]) -> bool:
        """Refuse parameters that the last EHLO did not offer (RFC 5321, section 4.1.1.11)."""
        unoffered = path.unoffered(keyword, self._offered)
        if unoffered:
            self._out.note(SmtpUnoffered(stage=stage, parameters=tuple(unoffered)))
            self._out.say(stage, Reply(555, "5.5.4 Parameter not recognized"))
        return bool(unoffered)

    @property
    def _size_limit(self) -> int:
        return size_limit(self._script.offered(self._nth, secured=self._secured))

    def _data(self, argument: str) -> None:
        go_ahead = Reply(354, "End data with <CR><LF>.<CR><LF>")
        if not self._greeted:
            self._out.say(Stage.DATA, Reply(503, "5.5.1 Send EHLO first"))
        elif self._envelope.sender is None or self._envelope.chunked:
            self._out.say(Stage.DATA, Reply(503, "5.5.1 Bad sequence of commands"))
        elif argument:
            self._out.say(Stage.DATA, Reply(501, "5.5.4 No parameters allowed"))
        elif self._envelope.recipients:
            self._out.answer(Stage.DATA, go_ahead, self._intake.begin)
        elif not self._out.answer_for_nobody(Stage.DATA, go_ahead, self._intake.begin):
            self._out.say(Stage.DATA, Reply(503, "5.5.1 Need RCPT command"))

    def _bdat(self, argument: str) -> None:
        chunk = parse_chunk(argument)
        if chunk is None:
            self._out.say(Stage.BDAT, Reply(501, "5.5.4 Syntax: BDAT octets [LAST]"))
            return
        octets, last = chunk
        self._chunk = Stage.BDAT_LAST if last else Stage.BDAT
        self._intake.begin_chunk(octets)  # they come, whatever is answered
        if not octets:
            self._content_came()

    def _rset(self, argument: str) -> None:
        if argument:
            self._out.say(Stage.RSET, Reply(501, "5.5.4 No parameters allowed"))
        else:
            self._out.answer(Stage.RSET, Reply(250, "2.0.0 OK"), self._forget)

    def _noop(self, _argument: str) -> None:
        self._out.say(Stage.OTHER, Reply(250, "2.0.0 OK"))

    def _vrfy(self, argument: str) -> None:
        if argument:
            self._out.say(Stage.OTHER, Reply(252, "2.5.0 Cannot verify, will take the message"))
        else:
            self._out.say(Stage.OTHER, Reply(501, "5.5.4 Syntax: VRFY address"))

    def _help(self, _argument: str) -> None:
        self._out.say(Stage.OTHER, Reply(250, "2.0.0 Commands: " + " ".join(_COMMANDS)))

    def _quit(self, argument: str) -> None:
        if argument:
            self._out.say(Stage.QUIT, Reply(501, "5.5.4 No parameters allowed"))
        else:
            self._out.answer(
                Stage.QUIT, Reply(221, "2.0.0 Bye"), lambda: self._out.finish(HalfClose(tidy=True))
            )

    # What accepting changes

    def _be_welcoming(self) -> None:
        self._welcome = True

    def _greet(self, *, extended: bool) -> None:
        self._greeted = True
        self._offered = offered_by(self._out.replied) if extended else frozenset()
        self._forget()

    def _forget(self) -> None:
        self._envelope = Envelope()
        self._out.recipients = ()
        self._chunk = None
        self._intake.forget()

    def _take_sender(self, path: Path) -> None:
        self._envelope.sender = path

    def _begin_handshake(self) -> None:
        action = self._out.action(Stage.HANDSHAKE)
        if not isinstance(action, Accept | Slow):
            self._awaits_hello = True
            return
        if isinstance(action, Slow):
            self._out.fault(Stage.HANDSHAKE, action.name)
            self._out.do(Wait(action.seconds))
        # What came behind STARTTLS is never taken for a command, only for TLS (RFC 3207, section 4.2).
        self._out.do(StartTls(self._inbox.rest()))

    # Content

    def _content_came(self) -> None:
        if self._chunk is not None:
            self._answer_chunk(self._chunk)
        elif refusal := self._intake.refusal(self._size_limit):
            self._out.say(Stage.DOT, refusal)
            self._forget()
        else:
            if self._envelope.recipients:
                self._out.answer(Stage.DOT, Reply(250, "2.0.0 OK"), self._take_message)
            elif not self._out.answer_for_nobody(Stage.DOT, _NOBODY, lambda: None):
                self._out.say(Stage.DOT, _NOBODY)
            self._forget()

    def _answer_chunk(self, stage: Stage) -> None:
        self._chunk = None
        last = stage is Stage.BDAT_LAST
        if "CHUNKING" not in self._offered:
            self._refuse_chunk(stage, Reply(500, "5.5.1 Command not recognized"))
        elif not self._envelope.recipients:
            self._refuse_chunk(stage, Reply(503, "5.5.1 Bad sequence of commands"))
        elif refusal := self._intake.refusal(self._size_limit):
            self._refuse_chunk(stage, refusal)
        else:
            if last:
                self._intake.note()
            kept = Envelope(self._envelope.sender, self._envelope.recipients, chunked=True)
            self._envelope = Envelope()
            self._out.answer(stage, Reply(250, "2.0.0 OK"), lambda: self._take_chunk(kept, last=last))
            if self._envelope.sender is None:  # it was the last, or refused: RFC 3030, section 2
                self._forget()

    def _take_chunk(self, envelope: Envelope, *, last: bool) -> None:
        self._envelope = envelope
        if last:
            self._take_message()
            self._envelope = Envelope()

    def _refuse_chunk(self, stage: Stage, reply: Reply) -> None:
        self._out.say(stage, reply)
        self._forget()

    def _take_message(self) -> None:
        self._out.note(self._envelope.message(self._intake.content(), tls=self._secured))


_COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "EHLO": Session._ehlo,
    "HELO": Session._helo,
    "STARTTLS": Session._starttls_command,
    "MAIL": Session._mail,
    "RCPT": Session._rcpt,
    "DATA": Session._data,
    "BDAT": Session._bdat,
    "RSET": Session._rset,
    "NOOP": Session._noop,
    "VRFY": Session._vrfy,
    "HELP": Session._help,
    "QUIT": Session._quit,
}
