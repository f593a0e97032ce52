"""The replying half of a session: what the script makes of each reply, as effects in their order."""

from __future__ import annotations

from collections.abc import Callable

from fake_servers.events import Event, SmtpFault, SmtpSent
from fake_servers.smtp.actions import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Endless,
    Followed,
    InPieces,
    Raw,
    Refuse,
    Reply,
    Reset,
    Slow,
    Stall,
    Trickle,
)
from fake_servers.smtp.commands import shortened
from fake_servers.smtp.effects import Abort, Effect, Final, HalfClose, Hold, Note, Repeat, Send, Wait
from fake_servers.smtp.script import Moment, Script
from fake_servers.stages import Stage


class Output:
    """Collects the effects of one connection.

    Attributes:
        over: Whether the last effect was final; nothing may follow it.
        transaction: The number of the transaction on this connection, counted from 1; the last MAIL began it.
        recipients: Who was accepted in it.
        null_path: Whether the mail that the peer offers has the null reverse-path; the last MAIL says it.
        replied: What was sent in place of the reply last asked for, when `accept` is called.
    """

    def __init__(self, script: Script, nth: int, at_once: int = 1) -> None:
        self._script = script
        self._nth = nth
        self._at_once = at_once
        self._effects: list[Effect] = []
        self.over = False
        self.null_path = False
        self.transaction = 0
        self.recipients: tuple[str, ...] = ()
        self.replied = b""

    def action(self, stage: Stage, *, extended: bool | None = None) -> Action:
        """Ask the script; not at RCPT, where the recipient matters."""
        return self._script.action(
            stage, self._moment, among=self.recipients, null_path=self.null_path, extended=extended
        )

    @property
    def _moment(self) -> Moment:
        return Moment(nth=self._nth, transaction=self.transaction, at_once=self._at_once)

    def answer_for_nobody(self, stage: Stage, accepted: Reply, accept: Callable[[], None]) -> bool:
        """Play the script's action where no recipient was accepted; return False if it has none."""
        action = self._script.action_for_nobody(stage, self._moment, null_path=self.null_path)
        if action is not None:
            self._play(action, stage, accepted, accept)
        return action is not None

    def answer_rcpt(self, accept: Callable[[], None], recipient: str, already: int) -> None:
        """Play the script's action for a recipient, of a transaction that has so many `already`."""
        action = self._script.action(Stage.RCPT, self._moment, recipient, already, null_path=self.null_path)

        def take() -> None:
            accept()
            self.recipients = (*self.recipients, recipient)

        self._play(action, Stage.RCPT, Reply(250, "2.1.5 OK"), take)

    def answer(
        self, stage: Stage, accepted: Reply, accept: Callable[[], None], *, extended: bool | None = None
    ) -> None:
        """Play the script's action in place of the reply `accepted`; call `accept` if it was positive.

        Args:
            stage: Of which command.
            accepted: What a healthy server replies.
            accept: What changes if the reply is positive.
            extended: Whether it is EHLO, or HELO; None: another command.
        """
        self._play(self.action(stage, extended=extended), stage, accepted, accept)

    def close_with_421(self, stage: Stage, action: CloseWith421) -> None:
        """Reply 421 and close."""
        self.say(stage, Reply(421, action.text))
        self.finish(HalfClose(tidy=True))

    def send_raw(self, stage: Stage, action: Raw) -> None:
        """Send raw octets, and leave if that follows."""
        self._send(Send(action.data))
        self.note(SmtpSent(stage=stage, text=shortened(action.data)))
        if isinstance(action.then, Close | Reset | Stall):
            self.leave(action.then, reading=stage is not Stage.BODY)

    def leave(self, action: Close | Reset | Stall, *, reading: bool = True) -> None:
        """End the dialogue without a reply; `reading` says whether a stall goes on reading."""
        match action:
            case Close():
                self.finish(HalfClose(tidy=False))
            case Reset():
                self.finish(Abort())
            case Stall():
                self.finish(Hold(reading))

    def finish(self, effect: Final) -> None:
        """End the dialogue."""
        self.do(effect)
        self.over = True

    def say(self, stage: Stage, reply: Reply, interval: float = 0.0) -> None:
        """Send a reply; with an `interval` one octet at a time, so many seconds apart."""
        self._send(Send(reply.encoded(), interval))
        self.note(SmtpSent(stage=stage, text=reply.text))

    def fault(self, stage: Stage, action: str) -> None:
        """Note that a scripted fault is played."""
        self.note(SmtpFault(stage=stage, action=action, attempt=self._nth))

    def note(self, event: Event) -> None:
        """Note an event."""
        self.do(Note(event))

    def do(self, effect: Effect) -> None:
        """Append an effect."""
        self._effects.append(effect)

    def take(self) -> list[Effect]:
        """Return the effects collected since the last call."""
        effects, self._effects = self._effects, []
        return effects

    def _play(self, action: Action, stage: Stage, accepted: Reply, accept: Callable[[], None]) -> None:
        self.replied = b""
        if not isinstance(action, Accept):
            self.fault(stage, action.name)
        match action:
            case Accept():
                self.say(stage, accepted)
                accept()
            case Slow():
                self.do(Wait(action.seconds))
                self.say(stage, accepted)
                accept()
            case Reply():
                self._say_scripted(stage, action, 0.0, accept)
            case Trickle():
                self._say_scripted(stage, action.reply, action.interval, accept)
            case InPieces():
                self._say_scripted(stage, action.reply, action.interval, accept)
            case CloseWith421():
                self.close_with_421(stage, action)
            case Raw():
                self.send_raw(stage, action)
                if isinstance(action.then, Accept):
                    self.say(stage, accepted)
                if not self.over and not isinstance(action.then, Refuse):
                    accept()
            case Followed():
                self._say_scripted(stage, action.reply, 0.0, accept)
                if action.by is not None:
                    self.say(stage, action.by)
                if action.then is not None:
                    self.leave(action.then)
            case Endless():
                self._say_without_end(stage, action, action.code or accepted.code)
            case Close() | Reset() | Stall():
                self.leave(action)

    def _say_without_end(self, stage: Stage, action: Endless, code: int) -> None:
        line = f"{code}-{action.line}"
        self.note(SmtpSent(stage=stage, text=line))  # once, for all of them
        self.finish(Repeat(line.encode("ascii") + b"\r\n", action.interval))

    def _send(self, effect: Send) -> None:
        self.replied += effect.data
        self.do(effect)

    def _say_scripted(self, stage: Stage, reply: Reply, interval: float, accept: Callable[[], None]) -> None:
        self.say(stage, reply, interval)
        if reply.positive:
            accept()
