"""What is submitted: ordinary as far as can be, but for what a failure mode says is special."""

from __future__ import annotations

import re
from email import message_from_bytes

import pytest

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario
from conformance.wave.batch import message_to
from conformance.wave.envelope import author_of, envelope_of

ORDINARY = [mode for mode in ALL.values() if mode.message.special is None and not mode.message.named]
SPECIAL = [mode for mode in ALL.values() if mode.kind is Kind.CONTENT]


def content(mode: str, course: Course = Course.PERSISTS) -> bytes:
    return envelope_of(Scenario(failure_mode=ALL[mode], course=course)).content


def lines_of(octets: bytes) -> list[bytes]:
    return octets.removesuffix(b"\r\n").split(b"\r\n")


def test_every_line_of_an_ordinary_message_is_ordinary() -> None:
    for mode in ORDINARY:
        for course in (Course.HEALED, Course.NOTIFY_DELAY, Course.EDIT_REFUSED):
            for line in lines_of(content(mode.name, course)):
                assert len(line) <= 78, (mode.name, line)
                assert line == line.rstrip(), (mode.name, line)
                assert not line.startswith((b".", b"From ")), (mode.name, line)
                assert re.fullmatch(rb"[ -~]*", line), (mode.name, line)


def test_no_header_field_is_folded_or_depends_on_the_length_of_a_name() -> None:
    heads = [content(mode.name, course).partition(b"\r\n\r\n")[0] for mode in ORDINARY for course in Course]
    assert not any(line.startswith((b" ", b"\t")) for head in heads for line in head.split(b"\r\n"))
    assert len({tuple(map(len, head.split(b"\r\n"))) for head in heads}) == 1


def test_no_two_scenarios_have_the_same_author_or_identifier() -> None:
    scenarios = [Scenario(failure_mode=mode, course=course) for mode in ORDINARY for course in Course]
    assert len({author_of(scenario) for scenario in scenarios}) == len(scenarios)
    identifiers = {message_from_bytes(envelope_of(each).content)["X-Scenario"] for each in scenarios}
    assert len(identifiers) == len(scenarios)


@pytest.mark.parametrize(("mode", "octets"), [("plain", 1_500), ("close_at_body", 5_000_000)])
def test_a_message_is_as_large_as_asked_for(mode: str, octets: int) -> None:
    assert octets <= len(content(mode)) < octets + 200


def test_messages_of_one_scenario_can_be_told_apart() -> None:
    scenario = Scenario(failure_mode=ALL["connection_refused"], course=Course.CORRECTED)
    one, other = (message_to(scenario, local).content for local in ("known", "another-stranger"))
    assert one != other
    assert max(map(len, lines_of(other))) <= 78


@pytest.mark.parametrize("mode", SPECIAL, ids=lambda mode: mode.name)
def test_a_special_message_has_what_it_is_for_and_an_ordinary_header(mode: object) -> None:
    assert mode in SPECIAL
    special = mode.message.special  # type: ignore[attr-defined]
    head, _, body = content(mode.name).partition(b"\r\n\r\n")  # type: ignore[attr-defined]
    head = head.removesuffix(b"\r\n")  # where nothing follows it
    ordinary = content("plain").partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    hops = [line for line in lines if line.startswith(b"Received: ")]
    assert lines[: len(hops)] == hops
    assert len(hops) == special.received
    head = b"\r\n".join(lines[len(hops) :])
    author = head.partition(b"From: <")[2].partition(b">")[0]
    for field in (each.replace(b"{author}", author) for each in special.fields):
        assert field in head
        head = head.replace(b"\r\n" + field, b"")
    if special.rare_forms:
        head = head.replace(b"\r\n ", b" ")  # one field is folded where others are not
    if not special.eight_bit:
        assert [*map(len, head.split(b"\r\n"))] == [*map(len, ordinary.split(b"\r\n"))]
    if special.body is not None:
        assert body == special.body
    if special.forged_end is not None:
        before, behind = special.forged_end
        assert before + b"." + behind + b"MAIL FROM:<" in body
        assert b"<forged@" in body
        assert b"\r\n.\r\n" not in body


def test_one_recipient_is_named_where_that_is_staged_and_else_nobody() -> None:
    envelope = envelope_of(Scenario(failure_mode=ALL["one_recipient_named"], course=Course.HEALTHY))
    named, unnamed = (address.encode("ascii") for address in envelope.recipients)
    assert b"\r\nTo: <" + named + b">\r\n" in envelope.content
    assert unnamed not in envelope.content
    assert b"To: <everybody@" in content("plain_two_recipients")


def test_lines_of_998_octets_and_no_more() -> None:
    assert max(map(len, lines_of(content("line_of_998")))) == 998
