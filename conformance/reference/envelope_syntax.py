"""The arguments of MAIL and RCPT: a path and its parameters (RFC 5321 4.1.2, RFC 3461 4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from .config_reader import a_labels, is_domain, is_ip_literal

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"  # RFC 6531 3.3
_LOCAL = rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*")'
_ROUTE = r"(?:@[A-Za-z0-9.-]+(?:,@[A-Za-z0-9.-]+)*:)?"  # source routes are read and ignored
_PATH = re.compile(rf"<{_ROUTE}(?P<address>{_LOCAL}@(?P<domain>[^\s<>]+))?>")
_PARAMETER = re.compile(r"(?P<keyword>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~]+))?")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*")


class BadArgument(Exception):
    """An argument is refused; the message is the whole reply."""


def parse_path(argument: str, *, null_allowed: bool) -> tuple[str, str]:
    """Return the address of a path, without angle brackets, and the text after it.

    Raises:
        BadArgument: It is no path, or the null path where an address is needed.
    """
    found = _PATH.match(argument.lstrip())
    if found is None or (found["address"] is None and not null_allowed):
        raise BadArgument(
            "501 5.1.3 Bad address syntax" if not null_allowed else "501 5.1.7 Bad sender address"
        )
    rest = argument.lstrip()[found.end() :]
    if rest and not rest.startswith(" "):
        raise BadArgument("501 5.5.4 Syntax error behind the address")
    if found["address"] is None:
        return "", rest
    if not (is_domain(a_labels(found["domain"])) or _is_address_literal(found["domain"])):
        raise BadArgument(
            "501 5.1.3 Bad domain in address" if not null_allowed else "501 5.1.7 Bad sender address"
        )
    return found["address"], rest


def _is_address_literal(domain: str) -> bool:
    return domain.startswith("[") and domain.endswith("]") and is_ip_literal(domain)


def parse_parameters(text: str, checks: Mapping[str, Callable[[str], str]]) -> dict[str, str]:
    """Return the parameters by keyword in upper case, each value as its check returns it.

    Raises:
        BadArgument: A parameter is malformed, given twice, or not among `checks`.
    """
    parameters: dict[str, str] = {}
    for word in text.split():
        found = _PARAMETER.fullmatch(word)
        if found is None or (keyword := found["keyword"].upper()) in parameters:
            raise BadArgument("501 5.5.4 Syntax error in parameters")
        if keyword not in checks:
            raise BadArgument(f"555 5.5.4 Parameter {keyword} is not known")
        parameters[keyword] = checks[keyword](found["value"] or "")
    return parameters


def _one_of(*values: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.upper() not in values:
            raise BadArgument(f"501 5.5.4 Value must be one of {', '.join(values)}")
        return value.upper()

    return check


def _no_value(value: str) -> str:
    if value:
        raise BadArgument("501 5.5.4 SMTPUTF8 has no value")
    return value


def _size(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", value):
        raise BadArgument("501 5.5.4 SIZE must be a number")
    return value


def _envid(value: str) -> str:
    if not _XTEXT.fullmatch(value) or len(value) > 100:
        raise BadArgument("501 5.5.4 ENVID must be xtext of at most 100 characters")
    return value


def _notify(value: str) -> str:
    if not _NOTIFY.fullmatch(value.upper()):
        raise BadArgument("501 5.5.4 NOTIFY must be NEVER or a list of SUCCESS, FAILURE, DELAY")
    return value.upper()


def _orcpt(value: str) -> str:
    kind, semicolon, address = value.partition(";")
    if not semicolon or not re.fullmatch(r"[A-Za-z0-9-]+", kind) or not _XTEXT.fullmatch(address):
        raise BadArgument("501 5.5.4 ORCPT must be an address type, a semicolon and xtext")
    return value  # case kept (RFC 3461 5.2.1)


MAIL_PARAMETERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "SIZE": _size,
        "BODY": _one_of("7BIT", "8BITMIME"),
        "SMTPUTF8": _no_value,
        "RET": _one_of("FULL", "HDRS"),
        "ENVID": _envid,
    }
)
RCPT_PARAMETERS: Mapping[str, Callable[[str], str]] = MappingProxyType({"NOTIFY": _notify, "ORCPT": _orcpt})
