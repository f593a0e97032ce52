"""What is done faster than aiosmtpd does it comes to the same; everything else is left to it."""

from __future__ import annotations

import asyncio

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import example, given
from hypothesis import strategies as st

from fake_servers.journal import Journal
from fake_servers.smtp.connection import Connection
from fake_servers.smtp.healthy import HealthyProtocol
from fake_servers.smtp.plain import plain_address
from fake_servers.smtp.script import Script

_WORDS = st.sampled_from(
    ["a", "Z9", "x-y", "=?", "=?utf-8?q?a?=", ".", "..", "@", "<", ">", '"', "\\", "(", ")"]
)
_MORE = st.sampled_from(
    [" ", "\t", "SIZE=10", "BODY=8BITMIME", "ORCPT=rfc822;a@b", "é", "+", "_", "=", "::1", "["]
)
_ARGUMENTS = st.lists(_WORDS | _MORE, max_size=12).map("".join) | st.builds(
    "<{}@{}>{}".format,
    st.lists(_WORDS, min_size=1, max_size=4).map("".join),
    st.lists(_WORDS, min_size=1, max_size=4).map("".join),
    st.lists(_MORE, max_size=4).map("".join),
)


@given(_ARGUMENTS)
@example("<a.b+c=d@mx-1.a.test>")
@example("<a@b.test> SIZE=10  BODY=8BITMIME ")
@example("<a@b.test>SIZE=10")
@example("<=?utf-8?q?a?=@b.test>")
@example("<a..b@b.test>")
@example("<a@b.test> ()SIZE=10")
@example("<a@b.test> (no) SIZE=10")
def test_what_is_plain_is_read_as_aiosmtpd_reads_it(argument: str) -> None:
    read = plain_address(argument)
    assert read is None or read == SMTP._getaddr(object.__new__(SMTP), argument)


@pytest.mark.parametrize(
    ("argument", "read"),
    [
        ("<r-1@mx.a.test>", ("r-1@mx.a.test", "")),
        ("<r@a.test> NOTIFY=NEVER", ("r@a.test", "NOTIFY=NEVER")),
        ('<"r r"@a.test>', None),
        ("<>", None),
        ("<r@[127.0.0.1]>", None),
    ],
)
def test_ordinary_addresses_are_plain(argument: str, read: tuple[str, str] | None) -> None:
    assert plain_address(argument) == read


class _Handler:
    async def handle_EHLO(
        self, server: SMTP, session: object, envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        return responses

    async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:
        return "250 OK"


async def test_aiosmtpd_finds_all_commands_mechanisms_and_hooks_in_what_it_is_shown() -> None:
    loop = asyncio.get_running_loop()
    connection = Connection(Journal(), server="127.0.0.1:25", peer="127.0.0.1:5", nth=1, lag=0.0)
    ours = HealthyProtocol(connection, Script(), hostname="mx.test", tls=None, certificate="")
    stock = SMTP(_Handler(), hostname="mx.test", loop=loop)
    for table in ("_smtp_methods", "_auth_methods", "_handle_hooks"):
        assert getattr(ours, table).keys() == getattr(stock, table).keys()
    assert ours._ehlo_hook_ver == stock._ehlo_hook_ver
