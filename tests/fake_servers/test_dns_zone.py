import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_servers.dns import (
    Answer,
    Cname,
    Delayed,
    HangUp,
    Lame,
    Malformed,
    NoData,
    NxDomain,
    OtherName,
    Records,
    Refused,
    ServFail,
    Silence,
    Truncated,
    WrongId,
    Zone,
)

LABELS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=12)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@given(name=NAMES, upper=st.booleans(), planned_dot=st.booleans(), asked_dot=st.booleans())
def test_names_match_whatever_their_case_and_final_dot(
    name: str, upper: bool, planned_dot: bool, asked_dot: bool
) -> None:
    zone = Zone()
    zone.set(name + "." * planned_dot, "A", Records("127.1.0.5"))
    asked = (name.upper() if upper else name.lower()) + "." * asked_dot
    assert zone.answer(asked, "a") == (Records("127.1.0.5"), True)


@given(names=st.lists(NAMES, min_size=1, max_size=5), asked=NAMES)
def test_only_planned_names_are_planned(names: list[str], asked: str) -> None:
    zone = Zone()
    for name in names:
        zone.set(name, "A", Records("127.1.0.5"))
    planned = {name.lower() for name in names}
    answer, was_planned = zone.answer(asked, "A")
    assert was_planned == (asked.lower() in planned)
    if not was_planned:
        has_names_below = any(name.endswith("." + asked.lower()) for name in planned)
        assert answer == (NoData() if has_names_below else NxDomain())


@given(planned=st.integers(1, 5), asked=st.integers(1, 9))
def test_the_nth_query_gets_the_nth_answer_and_the_last_one_repeats(planned: int, asked: int) -> None:
    answers = [Records(f"127.1.0.{nth}") for nth in range(planned)]
    zone = Zone()
    zone.set("mx.a.test", "A", *answers)
    got = [zone.answer("mx.a.test", "A")[0] for _ in range(asked)]
    assert got == [answers[min(nth, planned - 1)] for nth in range(asked)]


def test_each_type_counts_for_itself() -> None:
    zone = Zone()
    zone.set_all("mx.a.test", ServFail(), NoData())
    assert [zone.answer("mx.a.test", rdtype)[0] for rdtype in ("A", "AAAA", "A", "AAAA")] == [
        ServFail(),
        ServFail(),
        NoData(),
        NoData(),
    ]


def test_setting_again_replaces_the_answers_and_restarts_the_count() -> None:
    zone = Zone()
    zone.set("a.test", "MX", ServFail(), Refused())
    zone.answer("a.test", "MX")
    zone.set("a.test", "MX", Silence(), NoData())
    assert [zone.answer("a.test", "MX")[0] for _ in range(2)] == [Silence(), NoData()]


def test_a_type_of_its_own_overrides_the_answer_for_all_types() -> None:
    zone = Zone()
    zone.set("a.test", "MX", Records("10 mx.a.test."))
    zone.set_all("a.test", ServFail())
    assert zone.answer("a.test", "MX") == (Records("10 mx.a.test."), True)
    assert zone.answer("a.test", "TXT") == (ServFail(), True)


def test_a_planned_name_has_no_data_of_other_types() -> None:
    zone = Zone()
    zone.set("a.test", "MX", Records("10 mx.a.test."))
    assert zone.answer("a.test", "AAAA") == (NoData(), True)


def test_a_cleared_name_is_unplanned() -> None:
    zone = Zone()
    zone.set("mx.a.test", "A", Records("127.1.0.5"))
    zone.set("b.test", "A", Records("127.1.0.6"))
    zone.clear("MX.a.test.")
    assert zone.answer("mx.a.test", "A") == (NxDomain(), False)
    assert zone.answer("a.test", "A") == (NxDomain(), False)
    assert zone.answer("test", "A") == (NoData(), False)


@pytest.mark.parametrize(
    ("name", "rdtype", "answer", "complaint"),
    [
        ("a.test", "A", Records("no address"), "'no address' is no A record"),
        ("a.test", "A", Delayed(1.0, Truncated(Records("127.1.0.5", "127.1.0.256"))), "127.1.0.256"),
        ("a.test", "MX", Records("mx.a.test."), "is no MX record"),
        ("a.test", "NOSUCHTYPE", NoData(), "is no record type"),
        ("a..test", "A", NoData(), "is no domain name"),
        ("a.test", "A", Cname("b..test"), "is no domain name"),
        ("a.test", "CNAME", Records("b.test."), "set_all"),
    ],
)
def test_what_could_not_be_sent_is_rejected_at_once(
    name: str, rdtype: str, answer: Answer, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Zone().set(name, rdtype, answer)


def test_records_for_all_types_are_rejected() -> None:
    with pytest.raises(ValueError, match="one type"):
        Zone().set_all("a.test", Delayed(1.0, Records("127.1.0.5")))


def test_no_answers_are_rejected() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Zone().set("a.test", "A")
    with pytest.raises(ValueError, match="at least one"):
        Records()


SUFFIXES = ("test", "office.example.org", "sender.test", "a.test")


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestSearchList:
    @pytest.mark.parametrize(
        "failing",
        [
            ServFail(),
            Refused(),
            Lame(),
            Malformed(),
            Silence(),
            NoData(soa_minimum=3),
            NxDomain(soa_minimum=3),
            Truncated(HangUp()),
            Delayed(1.0, ServFail()),
            WrongId(Records("127.1.0.5")),
            OtherName(Records("127.1.0.5")),
        ],
    )
    def test_what_fails_for_a_name_fails_for_it_with_a_suffix(self, suffix: str, failing: Answer) -> None:
        zone = Zone()
        zone.set("mx.a.test", "A", failing)
        assert zone.answer(f"MX.a.test.{suffix}.", "A") == (failing, False)

    @pytest.mark.parametrize(
        "sound",
        [Records("127.1.0.5"), Delayed(1.0, Records("127.1.0.5")), Truncated(Records("127.1.0.5"))],
    )
    def test_what_a_name_has_is_not_there_under_a_suffix(self, suffix: str, sound: Answer) -> None:
        zone = Zone()
        zone.set("mx.a.test", "A", sound)
        assert zone.answer(f"mx.a.test.{suffix}", "A") == (NxDomain(), False)
        assert zone.answer(f"mx.a.test.{suffix}", "AAAA") == (NxDomain(), False)
        assert zone.answer(f"x.mx.a.test.{suffix}", "A") == (NxDomain(), False)

    def test_it_counts_for_nothing(self, suffix: str) -> None:
        zone = Zone()
        zone.set("mx.a.test", "A", ServFail(), Refused(), Records("127.1.0.5"))
        seen = [
            zone.answer(name, "A")[0].name
            for _ in range(3)
            for name in (f"mx.a.test.{suffix}", "mx.a.test", f"mx.a.test.{suffix}")
        ]
        assert seen == [
            *("servfail", "servfail", "servfail"),
            *("servfail", "refused", "refused"),
            *("refused", "records", "nxdomain"),
        ]

    def test_an_alias_fails_if_it_leads_nowhere(self, suffix: str) -> None:
        zone = Zone()
        for number in (1, 2):
            zone.set_all(f"mx{number}.a.test", Cname(f"mx{3 - number}.a.test"))
        zone.set_all("mx3.a.test", Cname("gone.a.test"))
        zone.set_all("mx4.a.test", Cname("mx5.a.test"))
        zone.set("mx5.a.test", "A", Records("127.1.0.5"))
        ways = [zone.answer(f"mx{number}.a.test.{suffix}", "A")[0].name for number in range(1, 6)]
        assert ways == ["cname", "cname", "cname", "nxdomain", "nxdomain"]
