"""What pytest shows of ours by itself: messages, tracebacks, reasons. None of it may carry text from outside raw."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

from conformance.report.writing import lines_of


@contextmanager
def shown() -> Iterator[None]:
    """Spell out the message of whatever is raised within: a usage error may quote an adapter or its relay."""
    try:
        yield
    except Exception as error:
        error.args = tuple(map(cleaned_trace, error.args))
        if hasattr(error, "msg"):  # that of pytest.exit()
            error.msg = cleaned_trace(error.msg)
        raise


@contextmanager
def spelled_output() -> Iterator[None]:
    """Spell out what is printed within, by an adapter that is imported."""
    output, errors = StringIO(), StringIO()
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            yield
    finally:
        sys.stdout.write(lines_of(output.getvalue()))
        sys.stderr.write(lines_of(errors.getvalue()))


def cleaned_trace(value: Any) -> Any:
    """Spell out a text, or all texts of a traceback as pytest keeps it (`TerminalRepr`), in place; return it."""
    if isinstance(value, str):
        return lines_of(value)
    if type(value) in (list, tuple):
        return type(value)(map(cleaned_trace, value))
    if type(value).__module__.startswith("_pytest._code"):
        for name, each in vars(value).items():
            object.__setattr__(value, name, cleaned_trace(each))
    return value
