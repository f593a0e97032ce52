"""What is raised when a relay or its adapter cannot be used, with whose fault that is."""

from __future__ import annotations

import traceback

from conformance.evidence.record import Fault
from conformance.target import Address, TargetError
from conformance.wave.stuck import is_library, is_machinery

# The last lines of a traceback that are shown.
_FRAMES = 6

# The last lines of a log that are shown, and the characters of each.
_LINES = 100
_CHARACTERS = 2000


# Raised by code that is wrong; never by a file that is moved at this moment, a half-written line or a busy machine.
_MISTAKES = (TypeError, AttributeError, NameError, NotImplementedError)


class TargetUnusable(Exception):
    """An adapter or its relay cannot be used; carries whose fault it is, a hint and the relay's log tail.

    `mistaken` is one that comes of how the adapter is written, and not of the moment in which it was asked.
    """

    def __init__(
        self,
        fault: Fault,
        message: str,
        *,
        hint: str = "",
        log: str = "",
        installation: bool = False,
        mistaken: bool = False,
    ) -> None:
        super().__init__(bearable(message))
        self.fault = fault
        self.hint = hint
        self.log = "\n".join(bearable(line) for line in log.splitlines()[-_LINES:])
        self.installation = installation
        self.mistaken = mistaken


def bearable(text: str) -> str:
    """Return a text, which may be a value that somebody meant to be short, at a length that can be read."""
    left_out = len(text) - _CHARACTERS
    return text if left_out <= 0 else f"{text[:_CHARACTERS]} [... {left_out} characters left out]"


def from_target(error: TargetError) -> TargetUnusable:
    """Return a target's own complaint as trouble of the wave."""
    return TargetUnusable(
        Fault.TARGET, str(error), hint=error.hint, log=error.log, installation=error.installation
    )


def defect(message: str, error: BaseException | None = None) -> TargetUnusable:
    """Return a defect of the adapter as trouble of the wave."""
    return TargetUnusable(
        Fault.ADAPTER,
        message,
        hint="This is a defect of the adapter, see conformance/target/.",
        log="" if error is None else _traceback(error),
        mistaken=isinstance(error, _MISTAKES),
    )


def _traceback(error: BaseException) -> str:
    """Return the last lines of what led to an error, without how we came to call the adapter."""
    told = traceback.TracebackException.from_exception(error)
    own = [call for call in told.stack if not is_machinery(call.filename)]
    while own and is_library(own[0].filename):
        own.pop(0)
    told.stack = traceback.StackSummary.from_list(own or told.stack)
    return "".join([*told.format()][-_FRAMES:])


class NotTaken(TargetUnusable):
    """Nobody answers where the relay is to take mail; or who did has left."""

    def __init__(self, address: Address, error: BaseException, hint: str = "") -> None:
        said = str(error) or type(error).__name__
        super().__init__(
            Fault.TARGET, f"the relay does not take mail at {address.host}:{address.port}: {said}", hint=hint
        )


class Flooded(TargetUnusable):
    """It wrote without end."""


class EndedByItself(TargetUnusable):
    """`running()` was left although nobody asked for it, and its relay with it, which has no part in that."""

    def __init__(self, trouble: TargetUnusable) -> None:
        super().__init__(trouble.fault, str(trouble), hint=trouble.hint, log=trouble.log)
