"""One scripted SMTP dialogue, seen from the server, without any I/O.

Octets go in by `received`; out come effects, in order: what to send, what to note, how to leave. The server
(`fake_servers.smtp.scripted`) owns the socket, the clock and TLS.

Theory of operation. A command is looked up in `_COMMANDS`; its method checks grammar and sequence, which
the script cannot change, and then calls `Output.answer` with the positive reply and with what accepting
changes. It asks the script for the action of the stage, and everything a script can do to a reply happens
there. Three stages have no command of their own, so they ask for their action elsewhere: CONNECT and
GREETING in `connected`, BODY in `_begin_content`, and HANDSHAKE in `_begin_handshake`. After an effect that
ends the dialogue (one of `Final`) the session is `over` and ignores what still comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Literal

from fake_servers.events import SmtpBody, SmtpMessage, SmtpReceived, SmtpUnoffered
from fake_servers.smtp.actions import Accept, Close, CloseWith421, Raw, Reply, Reset, Slow, Stall
from fake_servers.smtp.commands import (
    NOT_IMPLEMENTED,
    Path,
    ehlo_lines,
    offered_by,
    parse_path,
    readable,
    size_limit,
)
from fake_servers.smtp.content import Content
from fake_servers.smtp.effects import Effect, HalfClose, StartTls, Wait
from fake_servers.smtp.output import Output
from fake_servers.smtp.script import Script
from fake_servers.stages import Stage, stage_of

_READ_SIZE = 64 * 1024
_MAX_LINE = 4096  # far above RFC 5321, section 4.5.3.1.4 (512), because ESMTP parameters add to it
_TLS_RECORD_HEADER = 5  # type, version, length: RFC 8446, section 5.1


class _Mode(Enum):
    COMMANDS = auto()
    CONTENT = auto()
    CLIENT_HELLO = auto()  # waiting for the ClientHello, in order to misbehave then


class Session:
    """A server's side of one connection.

    Args:
        script: What to do.
        nth: The number of the connection at its server, counted from 1.
        hostname: The name in the greeting and in the reply to EHLO.
        tls: Whether the server could negotiate TLS.
    """

    def __init__(self, script: Script, nth: int, *, hostname: str, tls: bool) -> None:
        self._script = script
        self._hostname = hostname
        self._starttls = tls and script.starttls
        self._secured = False
        self._mode = _Mode.COMMANDS
        self._input = bytearray()
        self._out = Output(script, nth)
        self._content = Content()
        self._limit: int | None = None  # octets of content after which BODY's fault is played
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
        if self._mode is _Mode.CONTENT and self._limit is not None:
            return max(1, self._limit - self._content.octets)
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

    def received(self, data: bytes) -> list[Effect]:
        """Take octets from the peer; under TLS, after decryption."""
        self._input += data
        while self._input and not self._out.over and self._consume():
            pass
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
        if self._mode is _Mode.CONTENT:
            self._note_body()
            self._mode = _Mode.COMMANDS
        return self._out.take()

    # Input

    def _consume(self) -> bool:
        """Take one unit of input, and return False if it is not complete yet."""
        if self._mode is _Mode.CONTENT:
            return self._consume_content()
        if self._mode is _Mode.CLIENT_HELLO:
            return self._consume_client_hello()
        line, end, _ = self._input.partition(b"\n")
        if not end:
            return False
        del self._input[: len(line) + 1]
        self._command(bytes(line).rstrip(b"\r"))
        return True

    def _consume_content(self) -> bool:
        piece = bytes(self._input[: self.wanted] if self._limit is not None else self._input)
        self._input = self._input[len(piece) :]
        rest = self._content.feed(piece)
        self._input[:0] = rest
        if self._limit is not None and (self._content.ended or self._content.octets >= self._limit):
            self._play_body_fault()
        elif self._content.ended:
            self._end_content()
        return True

    def _consume_client_hello(self) -> bool:
        if len(self._input) < _TLS_RECORD_HEADER:
            return False
        if len(self._input) < _TLS_RECORD_HEADER + int.from_bytes(self._input[3:5]):
            return False
        self._mode = _Mode.COMMANDS
        self._input.clear()
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

    def _command(self, line: bytes) -> None:
        verb, _, argument = readable(line).partition(" ")
        verb = verb.upper()
        stage = stage_of(verb, secured=self._secured)
        self._out.note(SmtpReceived(stage=stage, line=readable(line)))
        if len(line) > _MAX_LINE:
            self._out.say(stage, Reply(500, "5.5.2 Line too long"))
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
            extensions=self._script.offered(secured=self._secured),
        )
        self._hello(argument, Reply(250, *extended), extended=True)

    def _helo(self, argument: str) -> None:
        self._hello(argument, Reply(250, self._hostname), extended=False)

    def _hello(self, argument: str, accepted: Reply, *, extended: bool) -> None:
        stage = Stage.EHLO_TLS if self._secured else Stage.EHLO
        if not argument:
            self._out.say(stage, Reply(501, "5.5.4 Give your name"))
        else:
            self._out.answer(stage, accepted, lambda: self._greet(extended=extended))

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
        elif self._sender is not None:
            self._out.say(Stage.MAIL, Reply(503, "5.5.1 Nested MAIL command"))
        elif not self._refuse_unoffered(Stage.MAIL, path, "FROM") and not self._refuse_values(path):
            self._out.null_path = not path.address
            self._out.answer(Stage.MAIL, Reply(250, "2.1.0 OK"), lambda: self._take_sender(path))

    def _rcpt(self, argument: str) -> None:
        path = parse_path(argument, "TO")
        if not self._greeted:
            self._out.say(Stage.RCPT, Reply(503, "5.5.1 Send EHLO first"))
        elif self._sender is None:
            # Also after a refused MAIL: else a pipelining client would complete an empty message.
            self._out.say(Stage.RCPT, Reply(503, "5.5.1 Need MAIL command"))
        elif path is None or not path.address:
            self._out.say(Stage.RCPT, Reply(501, "5.5.4 Syntax: RCPT TO:<address>"))
        elif not self._refuse_unoffered(Stage.RCPT, path, "TO"):
            self._out.answer_rcpt(lambda: self._recipients.append(path), path.address, len(self._recipients))

    def _refuse_unoffered(self, stage: Stage, path: Path, keyword: Literal["FROM", "TO"]) -> bool:
        """Refuse parameters that the last EHLO did not offer (RFC 5321, section 4.1.1.11)."""
        unoffered = path.unoffered(keyword, self._offered)
        if unoffered:
            self._out.note(SmtpUnoffered(stage=stage, parameters=tuple(unoffered)))
            self._out.say(stage, Reply(555, "5.5.4 Parameter not recognized"))
        return bool(unoffered)

    def _refuse_values(self, path: Path) -> bool:
        """Refuse parameters of MAIL for their values (RFC 1870, section 6.1; RFC 6152, section 2)."""
        size, body = path.value("SIZE"), path.value("BODY")
        if (size is not None and not size.isdecimal()) or body not in (None, "7BIT", "8BITMIME"):
            self._out.say(Stage.MAIL, Reply(501, "5.5.4 Bad value of a parameter"))
        elif size is not None and int(size) > self._size_limit:
            self._out.say(Stage.MAIL, Reply(552, "5.3.4 Message too big"))
        else:
            return False
        return True

    @property
    def _size_limit(self) -> int:
        return size_limit(self._script.offered(secured=self._secured))

    def _data(self, argument: str) -> None:
        if not self._greeted:
            self._out.say(Stage.DATA, Reply(503, "5.5.1 Send EHLO first"))
        elif not self._recipients:
            self._out.say(Stage.DATA, Reply(503, "5.5.1 Need RCPT command"))
        elif argument:
            self._out.say(Stage.DATA, Reply(501, "5.5.4 No parameters allowed"))
        else:
            self._out.answer(Stage.DATA, Reply(354, "End data with <CR><LF>.<CR><LF>"), self._begin_content)

    def _rset(self, argument: str) -> None:
        if argument:
            self._out.say(Stage.OTHER, Reply(501, "5.5.4 No parameters allowed"))
        else:
            self._forget()
            self._out.say(Stage.OTHER, Reply(250, "2.0.0 OK"))

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

    def _note_body(self) -> None:
        self._out.note(SmtpBody(octets=self._content.octets))

    # What accepting changes

    def _be_welcoming(self) -> None:
        self._welcome = True

    def _greet(self, *, extended: bool) -> None:
        self._greeted = True
        self._offered = offered_by(self._out.replied) if extended else frozenset()
        self._forget()

    def _forget(self) -> None:
        self._sender: Path | None = None
        self._recipients: list[Path] = []

    def _take_sender(self, path: Path) -> None:
        self._sender = path

    def _begin_handshake(self) -> None:
        action = self._out.action(Stage.HANDSHAKE)
        if not isinstance(action, Accept | Slow):
            self._mode = _Mode.CLIENT_HELLO
            return
        if isinstance(action, Slow):
            self._out.fault(Stage.HANDSHAKE, action.name)
            self._out.do(Wait(action.seconds))
        # What came behind STARTTLS is never taken for a command, only for TLS (RFC 3207, section 4.2).
        self._out.do(StartTls(bytes(self._input)))
        self._input.clear()

    def _begin_content(self) -> None:
        action = self._out.action(Stage.BODY)
        self._mode = _Mode.CONTENT
        self._content = Content()
        self._limit = None
        if not isinstance(action, Accept):
            # At least one octet, as a proof that content was on its way.
            self._limit = max(1, getattr(action, "after", 0))

    def _play_body_fault(self) -> None:
        action = self._out.action(Stage.BODY)
        self._limit = None
        self._note_body()
        self._out.fault(Stage.BODY, action.name)
        if isinstance(action, Slow):
            self._out.do(Wait(action.seconds))
            if self._content.ended:
                self._end_content(noted=True)
        elif isinstance(action, CloseWith421):
            self._out.close_with_421(Stage.BODY, action)
        elif isinstance(action, Raw):
            self._out.send_raw(Stage.BODY, action)
        elif isinstance(action, Close | Reset | Stall):
            self._out.leave(action, reading=False)

    def _end_content(self, *, noted: bool = False) -> None:
        if not noted:
            self._note_body()
        self._mode = _Mode.COMMANDS
        if self._content.octets > self._size_limit < len(self._content.unstuffed()):  # cheap one first
            self._out.say(Stage.DOT, Reply(552, "5.3.4 Message too big"))
            self._forget()
            return
        self._out.answer(Stage.DOT, Reply(250, "2.0.0 OK"), self._take_message)
        self._forget()

    def _take_message(self) -> None:
        assert self._sender is not None  # DATA is refused otherwise
        self._out.note(
            SmtpMessage(
                mail_from=self._sender.address,
                recipients=tuple(path.address for path in self._recipients),
                content=self._content.unstuffed(),
                tls=self._secured,
                options=tuple(word for path in (self._sender, *self._recipients) for word in path.parameters),
            )
        )


_COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "EHLO": Session._ehlo,
    "HELO": Session._helo,
    "STARTTLS": Session._starttls_command,
    "MAIL": Session._mail,
    "RCPT": Session._rcpt,
    "DATA": Session._data,
    "RSET": Session._rset,
    "NOOP": Session._noop,
    "VRFY": Session._vrfy,
    "HELP": Session._help,
    "QUIT": Session._quit,
}
