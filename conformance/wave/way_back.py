"""The way back to the sender, where a relay has one route for all mail: it is the one that is broken.

Theory of operation
-------------------

A relay with `ONE_ROUTE` sends its reports to the destination that is staged. There is no other place at which they
could arrive, and while the destination is broken for everything no relay, however good, can deliver one. So it is
broken for the message only, as far as a server can tell, and as long as there is a message.

*From MAIL on a server can tell.* A report has the null reverse-path (RFC 3464 section 2, RFC 5321 section 4.5.5), so
each rule for MAIL and what follows is made one for other mail, from the beginning.

*Before MAIL nobody can*: a name that does not resolve, a port that refuses, a greeting of 554. Such a fault stays until
the message is gone, by what the relay's queue says: an attempt has met the fault, and two listings in a row do not list
the message (`QueueReading.proves_gone`). Then the destination is healed for reports: everything until MAIL is in order,
MAIL with the null reverse-path is accepted, and what follows it. Other mail gets 451 in answer to MAIL, and a recipient
of the message in answer to RCPT. That is a fault still, and a note in the journal: who tries again after it has given
up is seen. A message that has arrived is not waited for; nothing is due then.

*A report meets the fault, too*, if it is sent before that. The relay will try it again, as it tries all mail again; so
whoever waits for a report has to wait for that (`Player.time_for_report`), and on a moved clock for one more stop.

What this cannot help: the report of a relay that takes the fault for a permanent one. It returned the message at once
for it, and gives up its report likewise, before anybody could heal anything. That no report came tells nothing then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from conformance.catalogue.course import TRAITS
from conformance.catalogue.scenario import Scenario
from conformance.target import Capability
from conformance.wave.envelope import envelope_of
from fake_servers import Reply, Rule, Stage
from fake_servers.smtp.script import WITH_REVERSE_PATH

_NOT_NOW = Reply(451, "4.3.0 Not now")


def sparing_reports(rule: Rule, scenario: Scenario) -> Rule:
    """Return a rule as it is for the message of a scenario only, if a server can tell that from a report."""
    if rule.stage not in WITH_REVERSE_PATH or TRAITS[scenario.course].null_sender:
        return rule
    return replace(rule, null_path=False)


def only_reports(scenario: Scenario) -> tuple[Rule, ...]:
    """Return the rules of a server that takes reports and not the message of a scenario."""
    recipients = envelope_of(scenario).recipients
    return (
        Rule(Stage.MAIL, _NOT_NOW, null_path=False),
        *(Rule(Stage.RCPT, _NOT_NOW, recipient=recipient, null_path=True) for recipient in recipients),
    )


def is_broken(scenario: Scenario, capabilities: Iterable[str]) -> bool:
    """Tell whether reports cannot pass as long as nobody heals the destination for them.

    Args:
        scenario: What is staged.
        capabilities: What the target is capable of.
    """
    mode = scenario.failure_mode
    return Capability.ONE_ROUTE in capabilities and mode.fails and mode.holds_up_reports
