from __future__ import annotations

import re

from conformance.target import QueuedMessage
from conformance.targets.declared.queue import read, read_one

# as Postfix lists it: the error stands between the message and its recipients
POSTFIX = """\
-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
4ABC*      312 Sun Nov 29 18:00:00  a@sender.test
      (connect to mx.c.test[10.77.1.1]:25: Connection refused)
                                         r@c.test
                                         s@c.test

4ABD       312 Sun Nov 29 18:00:01  MAILER-DAEMON
                                         a@sender.test

-- 1 Kbytes in 2 Requests.
"""
# as sendmail does: it stands after them
AFTER = "m1 <a@sender.test>\n (Deferred: no)\n <r@c.test>\nm2 <b@sender.test>\n <s@c.test>\n (host down)\n <t@c.test>\n"


def compiled(*patterns: str) -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.MULTILINE) for pattern in patterns]


def test_an_error_holds_for_the_recipients_after_it_up_to_the_next_message() -> None:
    patterns = compiled(
        r"^[0-9A-Z]+[*!]? +\d+ .{19}  (?P<sender>\S+)$",
        r"^ +\((?P<error>.*)\)$",
        r"^ {41}(?P<recipient>\S+)$",
    )
    refused = "connect to mx.c.test[10.77.1.1]:25: Connection refused"
    assert read(POSTFIX, patterns, ["MAILER-DAEMON"]) == [
        QueuedMessage(sender="a@sender.test", recipient="r@c.test", error=refused),
        QueuedMessage(sender="a@sender.test", recipient="s@c.test", error=refused),
        QueuedMessage(sender="", recipient="a@sender.test"),
    ]


def test_an_error_after_recipients_is_theirs_unless_they_have_one() -> None:
    patterns = compiled(r"^m\d <(?P<sender>.*)>$", r"^ \((?P<error>.*)\)$", r"^ <(?P<recipient>.*)>$")
    assert [(each.recipient, each.error) for each in read(AFTER, patterns)] == [
        ("r@c.test", "Deferred: no"),
        ("s@c.test", "host down"),
        ("t@c.test", "host down"),
    ]


def test_of_one_message_the_sender_may_stand_anywhere_and_who_is_done_does_not_wait() -> None:
    patterns = compiled(r"^T(?P<recipient>.*)$", r"^F(?P<sender>.*)$", r"^D(?P<done>.*)$")
    text = "T<r@c.test>\nTs@c.test\nDs@c.test\nF<a@sender.test>\n"
    assert read_one(text, patterns) == [QueuedMessage(sender="a@sender.test", recipient="r@c.test")]


def test_a_text_that_no_pattern_fits_is_known_from_one_without_recipients() -> None:
    patterns = compiled(r"^T(?P<recipient>.*)$", r"^F(?P<sender>.*)$")
    assert read_one("nothing of the kind", patterns) is None
    assert read_one("Fa@sender.test", patterns) == []


def test_one_match_may_have_all_of_it() -> None:
    patterns = compiled(r"^(?P<sender>\S+) (?P<recipient>\S+) (?P<error>.*)$")
    assert read("a@x y@c 450 later\nb@x z@c 451 busy\n", patterns) == [
        QueuedMessage(sender="a@x", recipient="y@c", error="450 later"),
        QueuedMessage(sender="b@x", recipient="z@c", error="451 busy"),
    ]
