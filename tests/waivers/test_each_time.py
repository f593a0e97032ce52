"""What another run has otherwise, and what is something else: as it is compared, and in patterns that are written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from conformance.waivers import Waiver
from conformance.waivers.each_time import without_times
from conformance.waivers.writing import pattern_for

REFERENCE = "event: 450 4.4.318 Closed [LastAttemptedServerName=mx2.one.healed.test] [relay.test {}]"
THUMBPRINT = "Presented Subject: CN=mx1.one.healed.test,OU=Testing cert #{}. Thumbprint: {}."

# The same thing, in one run and in another.
SAME = (
    ("deferred at 0.88 s (13 of 13 looks)", "deferred at 12 s (7 of 9 looks)"),
    ("3 attempts at 127.1.1.105:51219, #31", "17 attempts at 127.1.2.9:25, #4"),
    ("1 attempt, the longest over after 6.4 s", "2 attempts, the longest over after 7 s"),
    ("mail at mx1.plain.healed.test:2525", "mail at mx1.plain.healed.test:25"),
    ("no date: Sat, 28 Nov 2026 16:41:07 GMT", "no date: Sun, 1 Dec 2026 01:02:03 GMT"),
    ("[relay.test 2026-11-29T04:52:22.464Z]", "[relay.test 2027-01-02 00:01:02+00:00]"),
    ("3 attempts, gaps of 9.03, 9.01 s", "5 attempts, gaps of 8.97 to 9.20, 9.02, 9.00, 9.01 s"),
    ("14 attempts, gaps of 17, 60 to 61, 60 min, ...", "12 attempts, gaps of 20, 18, 61 min"),
    ("1.00 of a processor for 17.3 s", "0.97 of a processor for 18 s"),
    ("copies arrived, at -0.01 s, 3.20 s, 6.41 s", "copies arrived, at 0.02 s, 2.82 s"),
    ("given up at an age of 0 h 00 min 03 s", "given up at an age of 57.9 h"),
    ("no answer after 2.102 seconds", "no answer after 2.099 seconds"),
    (REFERENCE.format("C813C9C5C5975B77"), REFERENCE.format("2B568C9240B2CA7F")),
    ("host busy (queued as 3b2e1f7a90cd1244)", "host busy (queued as 90aa1f7a90cd12fe)"),
    ("4AT8Fjk1012345 is deferred", "4AU0aZZ2998877 is deferred"),
    ("1tGabc-000000001Xy-2aBc frozen", "1tGzzQ-00000000AbC-0z9q frozen"),
    (
        "C0A8B12E-4F1A-4F1A-9F1A-0C0A8B12E4F1.1 is held",
        "90A8B12E-1F1A-2F1A-3F1A-4C0A8B12E4F1.1 is held",
    ),
    (
        THUMBPRINT.format("9f_jA89C1tTUZyV-", "2E73E01BB0F685FC53D365ACC7510BF7AE249D57"),
        THUMBPRINT.format("Wbz9fJ3t2Tv1dKMK", "DFF3245DF34E5A0147F65EB61C49689AB99A96AC"),
    ),
)  # fmt: skip
# The same as well, though only in a pattern that is written: in words of the relay, and how many there were today.
SAME_IN_PATTERNS = (
    ("58 at the same time", "60 at the same time"),
    ("13 copies arrived, at 0.01 s, 3.2 s", "19 copies arrived, at 0.01 s, 3.2 s, 6.3 s, 9.2 s"),
    ("nothing arrived; the relay says: timed out", "nothing arrived; the relay says: try 2 failed"),
    ("destination not given apart (queue: id 77)", "destination not given apart (queue: id 78)"),
    ("event: Deferred: pid 512 hung up", "event: Deferred: pid 99 hung up"),
    ("event: 450 4.4.318 Closed by peer 3.7", "event: 450 4.4.318 Closed by peer 4.1"),
    ("451 4.3.2 Not now [one two]", "451 4.3.2 Not now [three]"),
    ("outcome permanent: no server", "outcome permanent: no answer"),
    ("detail 'Server not connected'", "detail 'Server is not connected'"),
    ("a rate of 3.25 in all", "a rate of 3.5 in all"),
)
# Something else.
OTHER = (
    ("enhanced status code 5.1.2", "enhanced status code 5.1.1"),
    ("enhanced status code 4.4.318 (event: x)", "enhanced status code 4.4.317 (event: x)"),
    ("returned: 552 too many", "returned: 452 too many"),
    ("reply code 354 (queue: 354 Go ahead)", "reply code 355 (queue: 355 Go ahead)"),
    ("mail at mx1.plain.healed.test", "mail at mx2.plain.healed.test"),
    ("mail at alias1.mx1.plain.healed.test", "mail at alias2.mx1.plain.healed.test"),
    ("0 copies, 1 report", "1 copies, 1 report"),
    ("2 copies, 1 report", "0 copies, 1 report"),
    ("1 delivery; 0 reports, of nobody", "1 delivery; 1 reports, of nobody"),
    ("0 attempts at a report", "3 attempts at a report"),
    ("event: 450 4.4.318 Closed", "event: 450 4.4.317 Closed"),
    ("event: 450 4.4.318 Closed", "event: 550 4.4.318 Closed"),
    ("event: Deferred: 421 Closing", "event: Deferred: 450 Closing"),
    ("event: x [Message=550 5.7.1 no]", "event: x [Message=550 5.7.2 no]"),
    ("event: at mx1.plain.healed.test", "event: at mx2.plain.healed.test"),
    ("outcome permanent: no server", "outcome delivered: no server"),
    ("451 4.3.2 Not now", "451 4.3.1 Not now"),
    ("an NDR at 0.1 s: 552 5.3.4 no, 2 copies", "an NDR at 0.1 s: 552 5.3.4 no, 0 copies"),
    ("negotiated TLS 1.0", "negotiated TLS 1.1"),
    ("negotiated TLSv1.1", "negotiated TLSv1.2"),
    ("U+0007 in 'a'", "U+001B in 'a'"),
    ("a header with UTF-8", "a header with UTF-16"),
    ("8BITMIME is asked for", "SMTPUTF8 is asked for"),
    ("curve secp256r1", "curve prime256v1"),
    ("reply code 450, 3 s later", "reply code 550, 3 s later"),
)


def _matches(pattern: str, observed: str) -> bool:
    waiver = Waiver(
        file=Path("waivers.toml"),
        number=1,
        verdict="fail",
        requirement="rfc/queued",
        aspect="",
        failure_modes=(),
        modes=frozenset(),
        observed=(pattern,),
        reason="",
        expires=date(2027, 1, 1),
    )
    return waiver.describes(observed)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_another_one_each_time_is_nothing_that_is_observed(one: str, other: str) -> None:
    assert without_times(one) == without_times(other)


@pytest.mark.parametrize(("one", "other"), SAME + SAME_IN_PATTERNS)
def test_a_pattern_of_one_run_matches_another_run(one: str, other: str) -> None:
    for written, seen in ((one, other), (other, one), (one, one)):
        assert _matches(pattern_for(written), seen), pattern_for(written)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_everything_else_is_something_else(one: str, other: str) -> None:
    assert without_times(one) != without_times(other)
    assert not _matches(pattern_for(one), other), pattern_for(one)
    assert not _matches(without_times(one), other)


@pytest.mark.parametrize(
    ("observed", "pattern"),
    [
        ("nothing arrived; the relay says: Deferred: timed out", "nothing arrived; the relay says*"),
        ("enhanced status code 5.1.2 (event: Deferred)", "enhanced status code 5.1.2 (*"),
        ("58 at the same time", "* at the same time"),
        ("1 attempt, the longest over after 6.4 s", "_ attempts, the longest over after _"),
        ("deferred at 0.06 s, given up at 5.9 s: 552 5.3.4 <LF>", "deferred at _, given up at _: 552 5.3.4 *"),
        ("mail at mx1.plain.healed.test:2525", "mail at mx1.*:_"),
        ("4 attempts, gaps of 9.03, 9.01 s", "_ attempts, gaps of _"),
        (REFERENCE.format("C813C9C5C5975B77"), "event: 450 4.4.318*mx2.*"),
        ("event: Deferred: timed out", "event: *"),
        ("2 copies; minimal schedule: a+b", "2 copies"),
    ],
)  # fmt: skip
def test_what_is_written(observed: str, pattern: str) -> None:
    assert pattern_for(observed) == pattern
    assert _matches(pattern, observed.partition("; minimal")[0])


def test_a_pattern_that_somebody_wrote_may_have_one_attempt() -> None:
    assert _matches("_ attempt, the longest over after _", "2 attempts, the longest over after 6.4 s")
