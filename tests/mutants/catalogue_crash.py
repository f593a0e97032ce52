"""Mutants that are caught only because the relay is killed and started again."""

from __future__ import annotations

from .mutant import Mutant, fails

_KEPT, _ONCE, _INTACT = "nothing-lost/kept", "nothing-lost/once", "nothing-lost/intact"

CRASH = (
    Mutant(
        name="acknowledges_before_writing",
        sin="Answers the final dot with 250 half a second before the message is on disk.",
        scenarios=("killed_after_250", "killed_before_dot", "killed_between_attempts"),
        caught=(fails("nothing_lost", _KEPT, "killed_after_250"),),
    ),
    Mutant(
        name="forgets_at_restart",
        sin="Starts with an empty queue, whatever is on disk.",
        scenarios=("killed_before_dot", "killed_between_attempts", "killed_in_retry", "killed_at_expiry"),
        caught=(
            fails("nothing_lost", _KEPT, "killed_between_attempts", "killed_in_retry", "killed_at_expiry"),
        ),
    ),
    Mutant(
        name="trusts_the_final_dot",
        sin="Takes a message for delivered as soon as the final dot was sent.",
        scenarios=("killed_after_final_dot", "killed_after_delivery"),
        caught=(fails("nothing_lost", _KEPT, "killed_after_final_dot"),),
    ),
    Mutant(
        name="redelivers_after_restart",
        sin="Does not write down that a message was delivered, and delivers it again after a restart.",
        scenarios=("killed_after_delivery",),
        caught=(fails("nothing_lost", _ONCE, "killed_after_delivery"),),
    ),
    Mutant(
        name="removes_before_it_reports",
        sin="Removes an expired message from the queue three seconds before it queues the report.",
        scenarios=("killed_while_reporting", "killed_after_250"),
        caught=(fails("nothing_lost", _KEPT, "killed_while_reporting"),),
    ),
    Mutant(
        name="reports_before_it_removes",
        sin="Queues the report of an expired message three seconds before it removes the message.",
        scenarios=("killed_while_reporting", "killed_after_250"),
        caught=(fails("nothing_lost", _ONCE, "killed_while_reporting"),),
    ),
    Mutant(
        name="cuts_what_it_resumes",
        sin="Loses the last line of every message that it takes up after a restart.",
        scenarios=("killed_before_dot", "killed_after_250", "killed_in_delivery"),
        caught=(fails("nothing_lost", _INTACT, "killed_after_250", "killed_in_delivery"),),
    ),
    Mutant(
        name="forgets_the_sender_at_restart",
        sin="Delivers every message that it takes up after a restart with the null reverse-path.",
        scenarios=("killed_before_dot", "killed_after_250", "killed_in_delivery"),
        caught=(
            fails("nothing_lost", _INTACT, "killed_after_250", "killed_in_delivery"),
            fails("nothing_lost", _INTACT, "killed_after_250", "killed_in_delivery", profile="rfc"),
        ),
    ),
    Mutant(
        name="loses_the_first_after_restart",
        sin="Loses the first message that it accepts after it was started again with an empty queue.",
        scenarios=("killed_before_dot", "killed_before_250", "killed_between_attempts"),
        caught=(fails("nothing_lost", _KEPT, "killed_before_dot", "killed_before_250"),),
    ),
)
