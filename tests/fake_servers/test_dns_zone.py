import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_servers.dns import (
    Answer,
    Cname,
    Delayed,
    NoData,
    NxDomain,
    Records,
    Refused,
    ServFail,
    Silence,
    Truncated,
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
