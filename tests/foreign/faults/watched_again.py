"""What an operator sees of the queue, and when he is alerted: further reports."""

from __future__ import annotations

from typing import Any

from mutants.patching import patch

from conformance.reference.alerts import AlertWatch
from conformance.reference.classify import DNS_QUERY_FAILED
from conformance.reference.control import Control
from foreign.change import fault
from foreign.marker import each_marked, marked

_LINGERS = 4  # times the age at which a message counts


@fault(
    kind=9,
    reference="https://github.com/monitoring-plugins/monitoring-plugins/issues/801",
    reported="Mail that waited because something could not be looked up was counted as none: the queue was called "
    "empty with 5298 messages in it.",
    requirements=("queue/kept", "queue/not-lost", "dns/error-code"),
)
def shows_no_mail_whose_look_up_failed() -> None:
    """Does not show in its queue what waits because a look-up failed."""

    def make(original: Any) -> Any:
        def queue(self: Any) -> Any:
            entries = original(self)
            hidden = [each for each in entries if DNS_QUERY_FAILED.status in each["last_error"]]
            each_marked(each["recipient"] for each in hidden)
            return [each for each in entries if each not in hidden]

        return queue

    patch(Control, "_queue", make)


@fault(
    kind=9,
    reference="https://github.com/Linuxfabrik/monitoring-plugins/issues/781",
    reported="The alert went by the number of messages alone: a hundred of them, about to be delivered within minutes, "
    "raised it.",
    requirements=("alert/age",),
)
def alerts_without_regard_to_age() -> None:
    """Counts a message for the alert from the beginning, however short it has waited."""

    def make(original: Any) -> Any:
        def joined(self: Any, message: Any) -> None:
            original(self, message)
            for recipient in message.recipients:
                name = self._connector(recipient)
                if name in self._queues and message.queue_id in self._queues[name].waiting:
                    marked(recipient)
                    self._queues[name].overdue.add(message.queue_id)
                    self._changed.add(name)

        return joined

    patch(AlertWatch, "joined", make)


@fault(
    kind=9,
    reference="https://github.com/alphagov/govuk-puppet/pull/10124",
    reported="The alert about the queue looked back for an hour, and so went on for long after all was well again.",
    requirements=("alert/cleared", "alert/cleared-by-fix"),
)
def lets_an_alert_linger() -> None:
    """Clears an alert only when its cause has been gone for four times as long as it takes to be raised."""
    since: dict[str, float] = {}

    def judge(original: Any) -> Any:
        async def run(self: Any, name: str, now: float) -> None:
            queue = self._queues.get(name)
            lasts = queue is not None and len(queue.overdue) >= self._config.alert.messages
            if lasts or name not in self._lasting:
                since.pop(name, None)
            elif now < since.setdefault(name, now) + _LINGERS * self._config.alert.age:
                marked(name)
                return
            await original(self, name, now)

        return run

    def look(original: Any) -> Any:
        async def run(self: Any, now: float) -> None:
            await original(self, now)
            self._changed |= since.keys() & self._lasting.keys()

        return run

    patch(AlertWatch, "_judge", judge)
    patch(AlertWatch, "look", look)
