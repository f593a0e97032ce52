"""What is unusual of a fault schedule from beginning to end: of the message, of what the server offers, of other hosts.

Each setting is one word in the text of a schedule, and at most one of each sort stands there, in the order of `SORTS`.
A sort came with a version of the catalogue; to earlier ones nothing is drawn of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product

from conformance.catalogue.destination import Host, Tcp
from conformance.catalogue.special import LONGEST_LINE, Special
from conformance.catalogue.versions import is_in, versions
from fake_servers import OFFER


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing that is unusual.

    Attributes:
        name: The word for it.
        about: The same as a sentence, without its end.
        octets: How large the message is; None: as usual.
        offers: What the server offers at EHLO; None: what most do.
        second: A second smart host, which is the same all along; None: there is none.
        lines: Lines of which the body consists, again and again; empty: it is an ordinary one.
    """

    name: str
    about: str
    octets: int | None = None
    offers: tuple[str, ...] | None = None
    second: Host | None = None
    lines: tuple[str, ...] = ()

    def special(self, octets: int) -> Special | None:
        """Return what is not ordinary about a message of so many octets; None: nothing."""
        if not self.lines:
            return None
        again = "".join(f"{line}\r\n" for line in self.lines).encode()
        body = again * (octets // len(again) + 1) + b"The end.\r\n"
        return Special(body=body, eight_bit=not body.isascii())


@dataclass(frozen=True, kw_only=True)
class Sort:
    """Settings of which a schedule has at most one.

    Attributes:
        settings: The settings.
        without: How many schedules are drawn without any, to each with each. Hypothesis is fond of the extremes of a
            range: unless there are as many values as a power of two, neither is a setting.
        since: The version of the catalogue with which they came.
    """

    settings: tuple[Setting, ...]
    without: int
    since: str = "0.1"

    @property
    def names(self) -> tuple[str, ...]:
        """The words for them."""
        return tuple(setting.name for setting in self.settings)

    @property
    def drawn(self) -> tuple[str, ...]:
        """What is drawn of them; empty: none."""
        return ("",) * self.without + self.names


_MESSAGES = (Setting(name="large_message", about="the message has 64,000 octets", octets=64_000),)
_OFFERS = (
    Setting(name="offers_nothing", about="the server offers nothing at EHLO", offers=()),
    Setting(
        name="offers_chunking",
        about="the server offers CHUNKING besides what most do",
        offers=(*OFFER, "CHUNKING"),
    ),
)
_HOSTS = (
    Setting(
        name="second_host_healthy", about="there is a second smart host, which is healthy", second=Host()
    ),
    Setting(
        name="second_host_refuses",
        about="there is a second smart host, which refuses all connections",
        second=Host(tcp=Tcp.REFUSE),
    ),
)
_CONTENTS = (
    Setting(
        name="lines_with_dots",
        about="lines of the message begin with a dot, or are nothing else",
        lines=("a line that does not begin with a dot", ".a line that does", "..", "."),
    ),
    Setting(
        name="lines_of_998",
        about="lines of the message have 998 octets",
        lines=("a short line", "x" * (LONGEST_LINE - 2)),
    ),
    Setting(
        name="eight_bit_text",
        about="the text of the message is UTF-8",
        lines=("a line in ASCII", "Gr\u00fc\u00dfe aus K\u00f6ln, \u65e5\u672c\u8a9e"),
    ),
)

SORTS = (
    Sort(settings=_MESSAGES, without=1),
    Sort(settings=_OFFERS, without=2),
    Sort(settings=_HOSTS, without=5, since="0.7"),
    Sort(settings=_CONTENTS, without=8, since="0.7"),
)

KNOWN = {setting.name: setting for sort in SORTS for setting in sort.settings}


def sorts_of(version: str) -> tuple[Sort, ...]:
    """Return the sorts that there are in a version of the catalogue."""
    return tuple(sort for sort in SORTS if is_in(sort.since, version))


def combinations_of(sorts: Sequence[Sort]) -> list[tuple[str, ...]]:
    """Return all that a schedule can have of some sorts: at most one of each, in their order."""
    return [tuple(filter(None, each)) for each in product(*(("", *sort.names) for sort in sorts))]


def newest_of(names: Collection[str]) -> str:
    """Return the version of the catalogue with which the last of some settings came; of none the first."""
    sinces = [sort.since for sort in SORTS if set(names).intersection(sort.names)]
    known = list(versions())
    return max(sinces, key=known.index, default=known[0])
