"""Messages that are not ordinary: refused, carried, altered, split."""

from __future__ import annotations

import quopri
from dataclasses import replace

import pytest
from stories.story import Story, good_control, observed
from stories.wire import received

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.judging.verdict import Verdict
from fake_servers.events import ClientReply, SmtpMessage

BARE = ("bare_cr", "bare_lf")
SMUGGLED = [name for name in ALL if name.startswith("smuggled_")]
SPECIAL = [name for name, mode in ALL.items() if mode.kind is Kind.CONTENT]
CIRCLING = [name for name in SPECIAL if ALL[name].message.special.circles]  # type: ignore[union-attr]
UTF8 = [name for name in SPECIAL if ALL[name].message.special.utf8]  # type: ignore[union-attr]
ENCODED = ("eight_bit_not_offered", "eight_bit_offered_in_clear")
CARRIED = [name for name in SPECIAL if name not in (*BARE, *SMUGGLED, *CIRCLING, *ENCODED, *UTF8)]


def in_its_lab(mode: str) -> Story:
    return Story(mode, ALL[mode].lab or "loopback")


def refused(mode: str, said: str = "550 5.6.0 No", **more: object) -> Story:
    return in_its_lab(mode).change(submitted=None, refusal=said, closed=1.5, **more)


def arrives(mode: str, before: bytes = b"", after: bytes = b"") -> Story:
    story = Story(mode)
    assert before in story.staged.content
    return story.delivers(1.5, content=b"Received: x\r\n" + story.staged.content.replace(before, after))


def rows(story: Story, aspect: str = "carries") -> set[tuple[str, Verdict]]:
    return {(f.requirement, f.verdict) for f in story.judge(aspect).findings if f.verdict is not Verdict.PASS}


@pytest.mark.parametrize("mode", CARRIED)
def test_carried_as_it_was(mode: str) -> None:
    story = in_its_lab(mode)
    path = "" if story.staged.null_path else None
    assert story.delivers(1.5, mail_from=path).verdict("carries") is Verdict.PASS


@pytest.mark.parametrize("mode", SPECIAL)
@pytest.mark.parametrize("said", ["550 5.6.0 No", "452 4.3.1 Not now"])
def test_a_refusal_leaves_nothing_to_judge_but_what_must_be_taken(mode: str, said: str) -> None:
    story = refused(mode, said)
    aspect = "one_message" if mode in SMUGGLED else "ends_loop" if mode in CIRCLING else "carries"
    aspect = "sends_international" if mode in UTF8 else aspect
    judged = story.judge(aspect)
    assert (judged.verdict, said in judged.observed) == (Verdict.NOT_APPLICABLE, True)
    if mode in ("line_of_998", "path_of_256"):
        assert said in observed(story, "takes_sizes")
        assert rows(story, "takes_sizes") == {("content/sizes", Verdict.FAIL)}


@pytest.mark.parametrize("mode", ["mx_recipient_at_ipv4", "mx_recipient_at_ipv6"])
def test_what_is_for_an_address_may_be_returned_and_must_not_vanish(mode: str) -> None:
    assert in_its_lab(mode).returns(2.0).verdict("carries") is Verdict.PASS
    assert in_its_lab(mode).delivers(1.5).verdict("carries") is Verdict.PASS
    assert observed(in_its_lab(mode), "carries") == "0 copies, 0 reports"
    assert observed(in_its_lab(mode).delivers(1.5).returns(2.0), "carries") == "1 copy, 1 report"
    assert rows(in_its_lab(mode)) == {("recipients/address-literal", Verdict.FAIL)}


@pytest.mark.parametrize("mode", ["mx_recipient_at_ipv4", "mx_recipient_at_ipv6", "nul_in_text"])
def test_what_nobody_need_carry_may_wait_for_its_end(mode: str) -> None:
    assert in_its_lab(mode).look(8.0).verdict("carries") is Verdict.NOT_APPLICABLE
    assert in_its_lab(mode).look(4.0, None).look(8.0, None).verdict("carries") is Verdict.FAIL


def test_an_ordinary_message_must_be_taken() -> None:
    assert refused("plain").verdict("delivered") is Verdict.ERROR


def test_who_leaves_without_a_reply_has_not_refused() -> None:
    story = refused("leading_dots", "the connection ended without a reply", unanswered=True)
    assert story.verdict("carries") is Verdict.ERROR
    assert (
        refused("line_of_998", "the connection ended", unanswered=True).verdict("takes_sizes") is Verdict.FAIL
    )


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("line_of_998", b"x" * 998, b"x" * 900 + b"\r\n" + b"x" * 98),
        ("leading_dots", b"\r\n.a line", b"\r\na line"),
        ("leading_dots", b"\r\n..\r\n", b"\r\n...\r\n"),
        ("trailing_blanks", b"blank \r\n", b"blank\r\n"),
        ("from_lines", b"\r\nFrom a", b"\r\n>From a"),
        ("long_header_fields", b"X-Unbroken: ", b"X-Broken: "),
        ("eight_bit", "\u00fc".encode(), "\u00fc".encode("latin-1")),
        ("eight_bit", b"ASCII", b"ascii"),
        ("special_content_retried", b"\r\nFrom a", b"\r\n>From a"),
    ],
)
def test_altered_content(mode: str, before: bytes, after: bytes) -> None:
    assert rows(arrives(mode, before, after)) == {("content/unaltered", Verdict.FAIL)}


LONG = b"text-299"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b" word-100", b"\r\nword-100", "no whole field 'X-Over-Long'"),
        (b"word-199\r\n", b"word-199\r\n\r\n", "no whole field 'X-Behind'"),
        (b" word-199", b"", "no whole field 'X-Over-Long'"),
        (b" " + LONG, b"", "is not whole"),
    ],
)
def test_what_is_lost_of_long_lines(before: bytes, after: bytes, words: str) -> None:
    story = arrives("lines_over_long", before, after)
    assert rows(story) == {("content/long-lines", Verdict.DEVIATION)}
    assert words in observed(story, "carries", Verdict.DEVIATION)


@pytest.mark.parametrize(
    ("before", "after"),
    [(LONG, LONG), (b" " + LONG, b"!\r\n " + LONG), (b" word-100", b"\r\n\tword-100")],
)
def test_long_lines_may_be_broken(before: bytes, after: bytes) -> None:
    assert arrives("lines_over_long", before, after).verdict("carries") is Verdict.PASS


def test_an_empty_body_stays_empty() -> None:
    story = Story("empty_body")
    story.delivers(1.5, content=story.staged.content + b"\r\n")
    assert "1 empty line instead of 0" in observed(story, "carries")


def test_the_case_of_local_parts_is_kept() -> None:
    story = Story("mixed_case")
    story.delivers(1.5, recipients=[story.staged.recipient.lower()])
    assert "forward-path is <recipient@" in observed(story, "carries")
    story = Story("mixed_case")
    assert "reverse-path" in observed(story.delivers(1.5, mail_from=story.staged.sender.lower()), "carries")


def test_a_path_that_was_cut_is_seen() -> None:
    story = Story("path_of_256")
    cut = story.staged.recipient[10:]
    assert rows(story.delivers(1.5, recipients=[cut])) == {("content/unaltered", Verdict.FAIL)}


@pytest.mark.parametrize("folded", [b"X-Long: word\r\n word", b"X-Long: word\r\n\tword"])
def test_a_field_that_is_folded_is_a_deviation_of_one_mode(folded: bytes) -> None:
    story = arrives("long_header_fields", b"X-Long: word word", folded)
    assert rows(story) == {("content/form", Verdict.DEVIATION)}
    assert "only folds and blanks" in observed(story, "carries", Verdict.DEVIATION)
    # where it was not asked for, folds are nobody's business
    other = arrives("leading_dots", b"\r\nSubject: conformance ", b"\r\nSubject: conformance\r\n ")
    assert other.verdict("carries") is Verdict.PASS


def encoded(mode: str) -> Story:
    story = Story(mode)
    head, _, body = story.staged.content.partition(b"\r\n\r\n")
    quoted = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    head = head.replace(b"Encoding: 8bit", b"Encoding: quoted-printable")
    return story.delivers(1.5, content=head + b"\r\n\r\n" + quoted)


def test_text_is_encoded_where_the_server_does_not_take_it_as_it_is() -> None:
    assert encoded("eight_bit_not_offered").verdict("carries") is Verdict.PASS
    assert rows(encoded("eight_bit")) == {("content/form", Verdict.DEVIATION)}


def test_eight_bits_go_to_nobody_who_does_not_offer_to_take_them() -> None:
    assert rows(Story("eight_bit_not_offered").delivers(1.5)) == {("content/eight-bit", Verdict.FAIL)}
    stripped = Story("eight_bit_not_offered")
    content = bytes(octet & 127 for octet in stripped.staged.content)
    assert rows(stripped.delivers(1.5, content=content)) == {("content/unaltered", Verdict.FAIL)}
    returned = Story("eight_bit_not_offered").returns(2.0, status="5.6.3")
    assert returned.verdict("carries") is Verdict.PASS
    otherwise = Story("eight_bit_not_offered").returns(2.0, status="5.4.7")
    assert rows(otherwise) == {("content/returned", Verdict.DEVIATION)}
    waits = Story("eight_bit_not_offered").look(2.0).look(30.0)
    assert rows(waits) == {("content/returned", Verdict.DEVIATION)}
    assert rows(Story("eight_bit_not_offered").look(2.0, None).look(30.0, None)) == {
        ("content/delivered", Verdict.FAIL)
    }
    assert Story("eight_bit").returns(2.0).verdict("carries") is Verdict.FAIL


@pytest.mark.parametrize("mode", BARE)
def test_bare_ends(mode: str) -> None:
    bare = b"\r" if mode == "bare_cr" else b"\n"
    assert rows(Story(mode).delivers(1.5)) == {("content/no-bare-line-ends", Verdict.FAIL)}
    for instead in (b"\r\n", b" ", b"?", b""):
        story = Story(mode)
        head, _, body = story.staged.content.partition(b"\r\n\r\n")
        mended = body.removesuffix(b"\r\n").replace(bare, instead) + b"\r\n"
        assert story.delivers(1.5, content=head + b"\r\n\r\n" + mended).verdict("carries") is Verdict.PASS, (
            instead
        )
    story = Story(mode)
    head, _, body = story.staged.content.partition(b"\r\n\r\n")
    cut = head + b"\r\n\r\n" + body.partition(bare)[0] + b"\r\n"
    assert "its end is missing" in observed(story.delivers(1.5, content=cut), "carries")
    assert Story(mode).returns(2.0).verdict("carries") is Verdict.PASS


def test_lost_or_doubled() -> None:
    assert observed(Story("leading_dots"), "carries") == "nothing arrived"
    assert "returned to the sender" in observed(Story("leading_dots").returns(2.0), "carries")
    assert "2 copies" in observed(Story("leading_dots").delivers(1.5).delivers(3.0), "carries")


# a second message


@pytest.mark.parametrize("mode", SMUGGLED)
class TestSmuggled:
    def test_one_message(self, mode: str) -> None:
        assert Story(mode).delivers(1.5).verdict("one_message") is Verdict.PASS

    def test_two(self, mode: str) -> None:
        story = Story(mode)
        content = story.staged.content
        story.delivers(1.5, content=content[: content.index(b"MAIL FROM")])
        assert "ends before the forged commands" in observed(story, "one_message")
        story.delivers(2.5, recipients=[f"forged@{story.staged.domain}"], content=b"Subject: forged\r\n\r\n")
        assert "a second message, for <forged@" in observed(story, "one_message")

    def test_at_another_server(self, mode: str) -> None:
        story = Story(mode).delivers(1.5)
        event = next(event for event in story.events if isinstance(event, SmtpMessage))
        story.note(replace(event, recipients=(f"forged@{story.staged.domain}",), server="127.9.9.9:25"))
        assert "arrived at 127.9.9.9:25" in observed(story, "one_message")

    def test_a_forged_command_that_the_server_refused(self, mode: str) -> None:
        story = Story(mode).delivers(1.5)
        story.connects(3.0, received("rcpt", f"RCPT TO:<forged@{story.staged.domain}>"))
        assert "sent the forged command" in observed(story, "one_message")

    def test_the_relay_answers_the_text(self, mode: str) -> None:
        for story in (Story(mode).delivers(1.5), refused(mode)):
            story.note(ClientReply(sender=story.staged.sender, text="354 Go ahead", at=1.2))
            assert "'354 Go ahead'" in observed(story, "one_message")

    def test_a_refusal_of_what_follows_is_no_answer_to_a_command_that_was_taken(self, mode: str) -> None:
        story = refused(mode).note(ClientReply(sender="s", text="503 5.5.0 No", at=1.2))
        assert story.verdict("one_message") is Verdict.NOT_APPLICABLE

    def test_nothing_came(self, mode: str) -> None:
        assert Story(mode).verdict("one_message") is Verdict.INCONCLUSIVE
        assert Story(mode).returns(2.0).verdict("one_message") is Verdict.NOT_APPLICABLE


# habits


def habitual(mode: str, before: bytes, after: bytes) -> Story:
    return altered(Story(mode, number=50 + list(ALL).index(mode)), before, after)


def altered(story: Story, before: bytes, after: bytes) -> Story:
    return story.delivers(8.0, content=story.staged.content.replace(before, after))


SUBJECT = (b"Subject: ", b"Subject: [external] ")


def test_what_is_done_to_every_message_is_said_once() -> None:
    plain, verified = habitual("plain", *SUBJECT), habitual("verified_tls", *SUBJECT)
    assert rows(plain, "delivered") == {("control/delivered", Verdict.FAIL)}
    record = verified.record(plain)
    assert verified.judge("delivered", record=record).verdict is Verdict.PASS
    faulty = altered(waiting_story(), *SUBJECT)
    assert faulty.judge("recovers", record=faulty.record(plain, control=False)).verdict is Verdict.PASS


def waiting_story() -> Story:
    from stories.story import waiting

    return waiting("greeting_421")


def test_what_is_done_to_those_that_waited_is_said_of_them() -> None:
    faulty = altered(waiting_story(), *SUBJECT)
    record = faulty.record(good_control("plain"), control=False)
    assert "[external]" in faulty.judge("recovers", record=record).observed


@pytest.mark.parametrize("end", [b"The end.\r\n", b"The quick brown fox jumps over the lazy dog"])
def test_a_missing_end_is_no_habit(end: bytes) -> None:
    plain, faulty = Story("plain", number=50), waiting_story()
    for story, at in ((plain, 1.5), (faulty, 8.0)):
        story.delivers(at, content=story.staged.content[: story.staged.content.index(end)])
    judged = faulty.judge("recovers", record=faulty.record(plain, control=False))
    assert "the body ends after" in judged.observed


def test_folds_are_said_of_no_control_and_of_no_fault() -> None:
    folds = (b"\r\nSubject: conformance ", b"\r\nSubject: conformance\r\n\t")
    assert altered(Story("plain"), *folds).verdict("delivered") is Verdict.PASS
    assert altered(waiting_story(), *folds).verdict("recovers") is Verdict.PASS


def test_what_was_altered_at_the_first_attempt_is_not_said_of_the_second() -> None:
    quoted = (b"\r\nFrom ", b"\r\n>From ")
    first, again = habitual("from_lines", *quoted), habitual("special_content_retried", *quoted)
    assert first.verdict("carries") is Verdict.FAIL
    assert again.judge("carries", record=again.record(first)).verdict is Verdict.PASS
