"""What is unusual of a fault schedule from beginning to end: of the message, of what the server offers, of other hosts.

Recipients and addresses are among it: whom the message is for, and where the host is found besides; and whether the
relay is killed meanwhile.

Each setting is one word in the text of a schedule, and at most one of each sort stands there, in the order of `SORTS`.
A sort came with a version of the catalogue; to earlier ones nothing is drawn of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product

from conformance.catalogue.destination import DnsName, Host, Tcp
from conformance.catalogue.special import LONGEST_LINE, Special
from conformance.catalogue.versions import is_in, versions
from fake_servers import OFFER, Raw, Refuse, Rule, Stage


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing that is unusual.

    Attributes:
        name: The word for it.
        about: The same as a sentence, without its end.
        octets: How large the message is; None: as usual.
        offers: What the server offers at EHLO; None: what most do.
        second: A second smart host, which is the same all along; None: there is none.
        address: A second address of the smart host, where it is the same all along; None: there is none.
        also_to: Local parts of further recipients.
        rules: What every server does all along, before which comes what a step does.
        killed: Whether the relay is killed and started again once the first fault was met.
        milder: The setting of the same sort that is simpler; empty: none is.
        rare: Whether it is drawn half as often, because it cannot be staged everywhere.
        lines: Lines of which the body consists, again and again; empty: it is an ordinary one.
    """

    name: str
    about: str
    octets: int | None = None
    offers: tuple[str, ...] | None = None
    second: Host | None = None
    address: Host | None = None
    also_to: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    killed: bool = False
    milder: str = ""
    rare: bool = False
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

_SECOND = "second"
# Raw octets, so that the journal tells it from a reply of a step.
_NOBODY = Rule(Stage.RCPT, Raw(b"550 5.1.1 Nobody of that name\r\n", then=Refuse()), recipient=_SECOND)
_RECIPIENTS = (
    Setting(name="two_recipients", about="the message has two recipients", also_to=(_SECOND,)),
    Setting(
        name="second_recipient_refused",
        about="the message has two recipients, of whom every server refuses the second with 550",
        also_to=(_SECOND,),
        rules=(_NOBODY,),
        milder="two_recipients",
    ),
)
_ADDRESSES = (
    Setting(
        name="second_address_healthy",
        about="the smart host has a second address, where all is well",
        address=Host(further=True),
    ),
    Setting(
        name="second_address_refuses",
        about="the smart host has a second address, which refuses all connections",
        address=Host(tcp=Tcp.REFUSE, further=True),
    ),
    # one where all is well would leave nothing to judge of whoever prefers IPv6, as most do (RFC 6724)
    Setting(
        name="ipv6_address_refuses",
        about="the smart host has an IPv6 address besides, which refuses all connections",
        address=Host(tcp=Tcp.REFUSE, dns=DnsName(ipv6=True), further=True),
        milder="second_address_refuses",
        rare=True,
    ),
)
_KILLS = (
    Setting(
        name="relay_killed",
        about="once the first fault was met the relay is killed and started again",
        killed=True,
    ),
)

SORTS = (
    Sort(settings=_MESSAGES, without=1),
    Sort(settings=_OFFERS, without=2),
    Sort(settings=_HOSTS, without=5, since="0.7"),
    Sort(settings=_CONTENTS, without=8, since="0.7"),
    Sort(settings=_RECIPIENTS, without=5, since="0.7"),
    Sort(settings=_ADDRESSES, without=8, since="0.7"),
    Sort(settings=_KILLS, without=7, since="0.7"),
)

KNOWN = {setting.name: setting for sort in SORTS for setting in sort.settings}


def sorts_of(version: str) -> tuple[Sort, ...]:
    """Return the sorts that there are in a version of the catalogue."""
    return tuple(sort for sort in SORTS if is_in(sort.since, version))


def combinations_of(sorts: Sequence[Sort]) -> list[tuple[str, ...]]:
    """Return all that a schedule can have of some sorts: at most one of each, in their order."""
    return [tuple(filter(None, each)) for each in product(*(("", *sort.names) for sort in sorts))]


def some_of(sorts: Sequence[Sort]) -> list[tuple[str, ...]]:
    """Return what a schedule has of some sorts, as often as it shall: nothing in two of five, or one thing, or two."""
    alone = {(each.name,): 1 if each.rare else 2 for sort in sorts for each in sort.settings}
    pairs = [each for each in combinations_of(sorts) if len(each) == 2]
    often = -(-len(pairs) * 2 // sum(alone.values()))  # two things at once are half as frequent as one
    ones = [name for name, times in alone.items() for _ in range(times * often)]
    some = [*ones, *pairs]
    return [()] * (len(some) * 2 // 3) + some


def newest_of(names: Collection[str]) -> str:
    """Return the version of the catalogue with which the last of some settings came; of none the first."""
    sinces = [sort.since for sort in SORTS if set(names).intersection(sort.names)]
    known = list(versions())
    return max(sinces, key=known.index, default=known[0])
