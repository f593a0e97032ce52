"""One view of a connection, whatever happened on it and however far it has come."""

from __future__ import annotations

import pytest
from stories.story import Story
from stories.wire import SINK, accepted, answer, closed, fault, message, received, sent

from conformance.evidence.connections import Connection, connections_of
from fake_servers import Stage
from fake_servers.events import Event, SmtpBody, SmtpHeard, TcpClosed, TlsEstablished, TlsFailed, TlsOffered


def _connection(*events: Event) -> Connection:
    [connection] = connections_of([accepted(at=1.0, connection=7), *events])
    return connection


def test_they_stand_in_the_order_of_their_acceptance() -> None:
    story = Story("greeting_421_every_host").connects(3.0, host=1).connects(1.0, fault())
    story.connects(1.02, fault("stall"), lasting=9.0)
    seen = [(each.opened, each.number, each.server) for each in story.evidence().connections]
    first, second = story.site(0).server, story.site(1).server
    assert seen == [(1.0, 102, first), (1.02, 103, first), (3.0, 101, second)]


def test_only_what_was_accepted_is_one() -> None:
    events = [answer("a.test", "records", at=1.0), message("a@b.test", at=2.0, connection=9, server=SINK)]
    assert connections_of(events) == ()


def test_while_it_is_open_nothing_is_known_of_its_end() -> None:
    connection = _connection(fault(at=1.5, connection=7))
    assert connection.closed is None
    assert [connection.is_open(at) for at in (0.9, 1.0, 99.0)] == [False, True, True]
    assert not connection.is_closed(99.0)


@pytest.mark.parametrize(("by", "how"), [("peer", "fin"), ("server", "rst")])
def test_the_end_has_a_time_an_author_and_a_way(by: str, how: str) -> None:
    end = TcpClosed(at=2.0, connection=7, by=by, how=how)  # type: ignore[arg-type]
    connection = _connection(end)
    assert connection.closed is end
    assert [connection.is_open(at) for at in (1.9, 2.0)] == [True, False]
    assert [connection.is_closed(at) for at in (1.9, 2.0)] == [False, True]


def test_everything_is_found_by_what_it_means() -> None:
    said = [
        received("ehlo", "EHLO relay.test", connection=7),
        sent("ehlo", "250 HELP", connection=7),
        TlsOffered(connection=7, certificate="good"),
        TlsEstablished(connection=7, version="TLSv1.3", cipher="x"),
        received("ehlo_tls", "EHLO relay.test", connection=7),
        fault("reply", "mail", connection=7),
        SmtpBody(connection=7, octets=3),
        message("a@b.test", connection=7),
        SmtpHeard(connection=7, octets=6),
        TlsFailed(connection=7, error="bad record"),
        closed(at=2.0, connection=7),
    ]
    others = [fault("close", connection=8), message("c@d.test", connection=8)]
    connection = _connection(*said, *others)
    assert [each.stage for each in connection.commands] == [Stage.EHLO, Stage.EHLO_TLS]
    assert [each.text for each in connection.replies] == ["250 HELP"]
    assert [each.action for each in connection.faults] == ["reply"]
    assert [each.recipients for each in connection.messages] == [("a@b.test",)]
    assert (connection.offered, connection.established, connection.heard) == (said[2], said[3], said[8])
    assert connection.failed == said[9]
    assert connection.in_clear == (connection.accepted, *said[:3])
    assert connection.under_tls == tuple(said[3:])


def test_without_tls_all_is_in_clear() -> None:
    connection = _connection(received("mail", "MAIL FROM:<>", connection=7))
    assert (connection.offered, connection.established, connection.failed) == (None, None, None)
    assert (len(connection.in_clear), connection.under_tls) == (2, ())


def test_a_message_knows_its_connection() -> None:
    evidence = Story("plain").connects(1.0).delivers(2.0).evidence()
    assert evidence.connection_of(evidence.messages[0]).opened == pytest.approx(1.95)


def test_what_is_shared_with_others_is_none_of_ours() -> None:
    """Of a connection to the sink only the report belongs to a scenario, and not what else happened there."""
    story = Story("plain").returns(5.0)
    story.note(accepted(at=4.9, server=SINK, connection=9), closed(at=5.1, server=SINK, connection=9))
    assert len(story.evidence().returned) == 1
    assert story.evidence().connections == ()
