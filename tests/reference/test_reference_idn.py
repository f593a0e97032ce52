"""Domains beyond ASCII: where their mail goes, and which are taken."""

from __future__ import annotations

import pytest

from conformance.reference.config import Connector
from conformance.reference.config_reader import a_labels
from conformance.reference.envelope_syntax import BadArgument, parse_path
from conformance.reference.routing import choose_route, domain_of

ADDRESS, DOMAIN = "r@\u4f8b\u3048.A.test", "xn--r8jz45g.a.test"


def test_it_is_one_domain_however_it_is_written():
    assert domain_of(ADDRESS) == domain_of(f"r@{DOMAIN}") == DOMAIN
    connector = Connector(domain=DOMAIN, smart_hosts=("mx.b.test",))
    assert choose_route(domain_of(ADDRESS), [connector]).smart_hosts == ("mx.b.test",)


def test_it_is_kept_as_it_is_written():
    assert parse_path(f"<{ADDRESS}> NOTIFY=NEVER", null_allowed=False) == (ADDRESS, " NOTIFY=NEVER")


@pytest.mark.parametrize("domain", ["stra\u00dfe.test", "\u4f8b..test", "\u4f8b" * 64 + ".test"])
def test_what_would_be_another_name_is_none(domain):
    assert a_labels(domain) == domain
    with pytest.raises(BadArgument, match=r"5\.1\.3"):
        parse_path(f"<r@{domain}>", null_allowed=False)
