"""Addresses as they are compared."""

from __future__ import annotations

import pytest

from fake_servers.addresses import in_ascii, in_unicode, known_as

WRITTEN, ASKED_FOR = "Who@\u4f8b\u3048.A.test", "Who@xn--r8jz45g.A.test"


def test_both_spellings_of_a_domain_are_one():
    assert in_ascii(WRITTEN) == in_ascii(ASKED_FOR) == ASKED_FOR
    assert known_as(WRITTEN) == known_as(ASKED_FOR) == ASKED_FOR.lower()
    assert in_unicode(ASKED_FOR) == WRITTEN


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@[127.0.0.1]", "gr\u00fc\u00dfe@a.test", "a@\u4f8b..test"]
)
def test_what_has_no_other_form_stays(address):
    assert in_ascii(address) == address
