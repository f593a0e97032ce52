"""Typed reading of a TOML table; every complaint names file, key and valid values."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)


class ConfigError(Exception):
    """The configuration cannot be used; the message names file, key and valid values."""


def is_domain(text: str) -> bool:
    """Whether `text` is a domain name in its ASCII form (RFC 1035 2.3.1, underscores tolerated)."""
    labels = text.removesuffix(".").split(".")
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def a_labels(domain: str) -> str:
    """Return a domain in its ASCII form (RFC 5890 2.3.2.1); as it is if it has none.

    What the codec, which is that of IDNA 2003, would make another name of has none: with IDNA 2008 it is another's.
    """
    if domain.isascii():
        return domain
    try:
        found = domain.encode("idna")
        return found.decode("ascii") if found.decode("idna").lower() == domain.lower() else domain
    except UnicodeError:
        return domain


def is_ip_literal(text: str) -> bool:
    """Whether `text` is an IP address, bare or in brackets, with or without the tag `IPv6:`."""
    try:
        ip_address(bare_ip(text))
    except ValueError:
        return False
    return True


def _is_address(text: str, domain: str) -> bool:
    local, at, own = text.rpartition("@")
    return bool(at) and own.lower() == domain and 0 < len(local) <= 64 and local.isprintable()


def bare_ip(text: str) -> str:
    """Strip brackets and the tag `IPv6:` (RFC 5321 4.1.3) from an address literal."""
    bare = text.removeprefix("[").removesuffix("]")
    return bare[5:] if bare.lower().startswith("ipv6:") else bare


class Table:
    """One table of the file; remembers which keys were asked for, so that the others can be refused."""

    def __init__(self, data: dict[str, Any], *, source: str, where: str = "") -> None:
        self.source = source
        self._data = data
        self._where = where
        self._known: set[str] = set()

    def error(self, key: str, value: object, valid: str) -> ConfigError:
        """Return the complaint about the value of `key`."""
        return ConfigError(
            f"{self.source}: key {key!r}{self._where}: {value!r} is not valid; it must be {valid}"
        )

    def refuse_unknown(self) -> None:
        """Complain about keys that nobody asked for; call it after the last look-up."""
        for key in self._data:
            if key not in self._known:
                valid = ", ".join(sorted(self._known))
                raise ConfigError(f"{self.source}: unknown key {key!r}{self._where}; valid keys: {valid}")

    def _value(self, key: str, default: object) -> Any:
        self._known.add(key)
        if key not in self._data and default is None:
            raise ConfigError(f"{self.source}: key {key!r}{self._where} is missing")
        return self._data.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        value = self._value(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.error(key, value, "a string" + (" that is not empty" if default is None else ""))
        return value

    def integer(self, key: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self._value(key, default)
        if type(value) is not int or not low <= value <= high:
            raise self.error(key, value, f"a whole number from {low} to {high}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.error(key, value, "true or false")
        return value

    def choice(self, key: str, kind: type[Choice], default: Choice) -> Choice:
        """Return one of the values of an enumeration."""
        text = self.text(key, default.value)
        values = [each.value for each in kind]
        if text not in values:
            raise self.error(key, text, "one of " + ", ".join(values))
        return kind(text)

    def seconds(self, key: str, default: float) -> float:
        """Return a number of seconds greater than zero."""
        value = self._value(key, default)
        if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
            raise self.error(key, value, "a number of seconds greater than 0")
        return float(value)

    def domain(self, key: str, *, default: str | None = None, wildcard: bool = False) -> str:
        """Return a domain name, lower case, no trailing dot; with `wildcard` it may begin with `*.`."""
        value = self.text(key, default)
        name = value.removeprefix("*.") if wildcard else value
        if value and not is_domain(name):
            raise self.error(key, value, "a domain name" + (" (*. may lead)" if wildcard else ""))
        return value.lower().removesuffix(".")

    def hosts(self, key: str) -> tuple[str, ...]:
        """Return a list of host names and IP addresses; addresses lose their brackets."""
        value = self._value(key, [])
        valid = "a list of host names and IP addresses"
        if not isinstance(value, list):
            raise self.error(key, value, valid)
        for host in value:
            if not isinstance(host, str) or not (is_ip_literal(host) or is_domain(host)):
                raise self.error(key, value, valid)
        return tuple(bare_ip(host) if is_ip_literal(host) else host.removesuffix(".") for host in value)

    def addresses(self, key: str, domain: str) -> frozenset[str]:
        """Return a list of mail addresses of one domain, in lower case: nobody tells its users apart by case."""
        value = self._value(key, [])
        valid = f"a list of addresses of the domain {domain}"
        if not isinstance(value, list):
            raise self.error(key, value, valid)
        for address in value:
            if not isinstance(address, str) or not _is_address(address, domain):
                raise self.error(key, address, valid)
        return frozenset(address.lower() for address in value)

    def table(self, key: str) -> Table:
        """Return the table `[key]`; an empty one where the file has none."""
        value = self._value(key, {})
        if not isinstance(value, dict):
            raise self.error(key, value, f"a table, [{key}]")
        return Table(value, source=self.source, where=f" in [{key}]")

    def tables(self, key: str) -> list[Table]:
        """Return the tables `[[key]]`."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.error(key, value, f"a list of tables, [[{key}]]")
        return [
            Table(entry, source=self.source, where=f" in [[{key}]] {number}")
            for number, entry in enumerate(value, start=1)
        ]
