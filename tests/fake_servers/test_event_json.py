"""Events in JSON: the form that records have had from the first version on, and what is no event."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from fake_servers import Stage
from fake_servers.event_json import from_json, to_json
from fake_servers.events import KINDS, SmtpMessage, completed
from fake_servers.journal import Journal

_ASKED = {"name": "mx.a.test", "type": "A", "id": 7, "transport": "udp"}

# Every kind, as the first version wrote it that knew it.
AS_WRITTEN: dict[tuple[str, str], dict[str, Any]] = {
    ("dns", "query"): {**_ASKED, "client": "127.0.0.1:5", "planned": True},
    ("dns", "answer"): {**_ASKED, "answer": "records", "records": ["127.1.0.5"]},
    ("dns", "dropped"): {"queries": 3},
    ("tcp", "refusing"): {},
    ("tcp", "hanging"): {"backlog": 1, "fillers": 2},
    ("tcp", "unreachable"): {},
    ("tcp", "probe"): {"outcome": "refused"},
    ("tcp", "syn"): {"peer": "127.0.0.1:5", "outcome": "dropped", "seconds": 1.5},
    ("tcp", "stray"): {"peer": "127.0.0.1", "destination": "192.0.2.1", "protocol": 17, "port": 53},
    ("tcp", "accepted"): {"peer": "127.0.0.1:5", "attempt": 1},
    ("tcp", "late"): {"lag": 1.5},
    ("tcp", "closed"): {"by": "peer", "how": "fin"},
    ("tls", "offered"): {"certificate": "good"},
    ("tls", "established"): {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"},
    ("tls", "failed"): {"error": "unknown ca"},
    ("smtp", "received"): {"stage": "ehlo", "line": "EHLO relay.test"},
    ("smtp", "sent"): {"stage": "ehlo", "text": "250-mx\n250 HELP"},
    ("smtp", "fault"): {"stage": "dot", "action": "close", "attempt": 2},
    ("smtp", "heard"): {"octets": 6},
    ("smtp", "unoffered"): {"stage": "mail", "parameters": ["SIZE=10"]},
    ("smtp", "body"): {"octets": 21},
    ("smtp", "message"): {
        "mail_from": "s@a.test",
        "recipients": ["r@b.test"],
        "content": "U3ViamVjdDogeA0KDQo=",
        "tls": True,
        "options": ["SIZE=10"],
    },
    ("client", "sent"): {"sender": "s@a.test", "what": "final dot", "octets": 3},
    ("client", "reply"): {"sender": "s@a.test", "text": "250 OK"},
    ("relay", "killed"): {"moment": "12h", "asked": 1.5},
    ("relay", "restarted"): {"moment": "12h"},
    ("relay", "clock_moved"): {"moment": "killed_while_reporting", "seconds": 87300.0},
    ("fake", "broke"): {"error": "oops"},
    ("fake", "excess"): {"what": "connections", "most": 5},
}


def _data(layer: str, kind: str, **changes: Any) -> dict[str, Any]:
    plain = {"at": 1.25, "layer": layer, "kind": kind, "server": "127.1.0.5:25", "connection": 3}
    return {**plain, "fields": AS_WRITTEN.get((layer, kind), {}), **changes}


def test_no_kind_was_forgotten() -> None:
    assert AS_WRITTEN.keys() == KINDS.keys()


@pytest.mark.parametrize("name", AS_WRITTEN, ids="/".join)
def test_each_kind_stands_in_a_record_as_it_always_did(name: tuple[str, str]) -> None:
    event = from_json(_data(*name))
    assert type(event) is KINDS[name]
    assert json.dumps(to_json(event)) == json.dumps(_data(*name))


def test_what_came_later_is_written_where_it_says_something() -> None:
    for name in (("dns", "query"), ("tcp", "accepted")):
        late = _data(*name, fields={**AS_WRITTEN[name], "lag": 1.5})
        event: Any = from_json(late)
        assert event.lag == 1.5
        assert to_json(event) == late


def test_values_have_their_own_types() -> None:
    message = from_json(_data("smtp", "message"))
    assert isinstance(message, SmtpMessage)
    assert (message.content, message.recipients) == (b"Subject: x\r\n\r\n", ("r@b.test",))
    stage: Any = from_json(_data("smtp", "fault"))
    assert stage.stage is Stage.DOT


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (_data("tcp", "acepted"), "there is no kind of event tcp/acepted at 1.25 s"),
        (_data("tpc", "accepted"), "there is no kind of event tpc/accepted at 1.25 s"),
        (_data("tcp", "accepted", fields={"peer": "x"}), "has the fields peer and not attempt, peer"),
        (_data("tcp", "refusing", fields={"peer": "x"}), "has the fields peer and not none"),
        (_data("tcp", "accepted", fields={"peer": "x", "attempt": "1"}), "attempt is '1', which is no int"),
        (_data("tcp", "accepted", fields={"peer": "x", "attempt": True}), "attempt is True, which is no int"),
        (_data("tcp", "accepted", fields={"peer": None, "attempt": 1}), "peer is None, which is no str"),
        (_data("tcp", "closed", fields={"by": "pear", "how": "fin"}), "tcp/closed at 1.25 s: by is 'pear'"),
        (_data("tcp", "closed", fields={"by": [], "how": "fin"}), "by is []"),
        (_data("smtp", "sent", fields={"stage": "elho", "text": ""}), "stage is 'elho'"),
        (_data("smtp", "sent", fields={"stage": [], "text": ""}), "stage is []"),
        (_data("relay", "killed", fields={"moment": "", "asked": "1"}), "asked is '1', which is no number"),
        (_data("smtp", "unoffered", fields={"stage": "mail", "parameters": [1]}), "no list of texts"),
        (_data("smtp", "unoffered", fields={"stage": "mail", "parameters": "x"}), "no list of texts"),
        (_data("smtp", "message", fields=AS_WRITTEN["smtp", "message"] | {"content": "?"}), "content is"),
        (_data("smtp", "message", fields=AS_WRITTEN["smtp", "message"] | {"content": 1}), "content is 1"),
        (_data("tcp", "refusing", at="soon"), "at is 'soon', which is no number"),
        (_data("tcp", "refusing", connection=1.0), "connection is 1.0, which is no int"),
        (_data("tcp", "refusing", fields=[]), "an event is an object with"),
        (_data("tcp", "refusing", more=1), "an event is an object with"),
        ({"at": 1.0}, "an event is an object with"),
        ([], "an event is an object with"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_named(data: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        from_json(data)


@pytest.mark.parametrize(("layer", "kind"), KINDS)
def test_a_completed_event_has_all_that_it_had(layer: str, kind: str) -> None:
    event = from_json(_data(layer, kind))
    where = {"at": 2.5, "server": "127.1.0.6:25", "connection": 4}
    assert completed(event, **where) == replace(event, **where)
    assert event == from_json(_data(layer, kind)), "it was changed itself"


def test_the_journal_fills_in_what_an_event_does_not_say() -> None:
    journal = Journal()
    event = SmtpMessage(mail_from="", recipients=(), content=b"", tls=False, options=())
    before, noted, after = (
        journal.now(),
        journal.note(event, server="127.1.0.5:25", connection=3),
        journal.now(),
    )
    assert before <= noted.at <= after
    assert noted == replace(event, at=noted.at, server="127.1.0.5:25", connection=3)
    assert math.isnan(event.at), "who notes it once more notes another moment"
    said = replace(event, at=1.5, server="127.1.0.6:25", connection=4)
    assert journal.note(said, server="127.1.0.5:25", connection=3) == said
    assert list(journal) == [noted, said]
