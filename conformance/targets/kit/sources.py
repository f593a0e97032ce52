"""Where the relays of built-in adapters come from, by the names of their targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Debian:
    """Packages of a Debian, or of a system made from it.

    Attributes:
        packages: Their names; the version of the first is the relay's.
        program: A file of theirs, as an absolute path: where it is there, they are installed.
    """

    packages: tuple[str, ...]
    program: str


@dataclass(frozen=True)
class Npm:
    """A package of npm, with those that it needs.

    Attributes:
        package: Its name.
        version: The version that its waivers are about.
    """

    package: str
    version: str


Source = Debian | Npm

SOURCES: Mapping[str, Source] = {
    "exim": Debian(("exim4-daemon-light", "exim4-base"), "/usr/sbin/exim4"),
    "sendmail": Debian(
        ("sendmail-bin", "sendmail-base", "sendmail-cf", "m4"), "/usr/libexec/sendmail/sendmail"
    ),
    "opensmtpd": Debian(("opensmtpd",), "/usr/sbin/smtpd"),
    "haraka": Npm("Haraka", "3.3.4"),
}
