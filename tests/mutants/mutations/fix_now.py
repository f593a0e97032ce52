"""Fix now: connectors and domains out of service that purge, return or reject the wrong mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from conformance.reference import errors, relay, routing, settings
from conformance.reference.config import Config, DomainType
from conformance.reference.errors import ACCESS_DENIED, Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.routing import Here
from conformance.reference.settings import Settings
from conformance.reference.toml_edit import Edit
from conformance.reference.transaction import Delivered
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_OUT_OF_SERVICE = (
    "connection_refused.fixed_now",
    "connection_refused.switched_off",
    "connection_refused.deleted",
)
_OFF_ALREADY = "connection_refused.fixed_now_off"
_STOPS = "out-of-service/stops"


def _refused(when: Callable[[Any, str], bool]) -> None:
    """Refuse other recipients; `when` gets their accepted domain and their address."""

    def make(original: Any) -> Any:
        def is_refused(address: str, config: Config) -> bool:
            found = routing.find_accepted(routing.domain_of(address), config.accepted_domains)
            return found is not None and when(found, address)

        return is_refused

    patch(routing, "is_refused", make)


@mutation(scenarios=("own_domain", "plain"), caught=(fails("delivered", "control/delivered", "own_domain"),))
def keeps_mail_of_its_own_domains() -> None:
    """Puts mail for a known recipient of a domain of its own into the mailbox, though a connector takes that domain."""

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Config) -> Any:
            accepted = routing.find_accepted(routing.domain_of(address), config.accepted_domains)
            known = accepted is not None and accepted.knows(address)
            return Here.MAILBOX if known else original(address, config)

        return choose_destination

    patch(routing, "choose_destination", make)


@mutation(scenarios=_OUT_OF_SERVICE, caught=(fails("rejected_at_once", "out-of-service/valid-accepted"),))
def rejects_known_recipients() -> None:
    """Rejects every recipient of an authoritative domain, known or not."""
    _refused(lambda accepted, _: accepted.type is DomainType.AUTHORITATIVE)


@mutation(scenarios=_OUT_OF_SERVICE, caught=(fails("rejected_at_once", "out-of-service/invalid-rejected"),))
def rejects_nobody() -> None:
    """Accepts unknown recipients of an authoritative domain, and returns their mail later."""
    _refused(lambda *_: False)


@mutation(scenarios=_OUT_OF_SERVICE, caught=(deviates("rejected_at_once", "out-of-service/code"),))
def rejects_with_another_code() -> None:
    """Rejects unknown recipients with 550 5.1.1."""
    patch(errors, "ACCESS_DENIED", lambda original: replace(original, status="5.1.1"))


@mutation(
    scenarios=_OUT_OF_SERVICE,
    caught=(deviates("rejected_at_once", "accepted-domain/internal-relay"),),
    also=hence(
        "too few messages wait for an alert",
        "alert_answered",
        verdict="not_applicable",
        courses=("fixed_now",),
    ),
)
def rejects_before_it_is_told() -> None:
    """Rejects unknown recipients of internal relay domains as well."""
    _refused(lambda accepted, address: not accepted.knows(address))


def _here(result: Delivered | Failure) -> None:
    """Have mail that no connector takes end otherwise."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, to: Sequence[Recipient]) -> Any:
            if not isinstance(route, Here):
                return await original(self, message, route, to)
            return dict.fromkeys(to, result)

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=(*_OUT_OF_SERVICE, _OFF_ALREADY),
    caught=(fails("not_purged", "out-of-service/nothing-purged"),),
)
def purges_what_is_out_of_service() -> None:
    """Drops the queued mail of a connector that is off or deleted, and tells nobody."""
    _here(Delivered("nowhere", "250 2.0.0 OK"))


@mutation(scenarios=_OUT_OF_SERVICE, caught=(fails("not_purged", "out-of-service/valid-not-returned"),))
def returns_mail_of_known_recipients() -> None:
    """Returns all queued mail of a connector that is off or deleted."""
    _here(ACCESS_DENIED)


@mutation(
    scenarios=(*_OUT_OF_SERVICE, _OFF_ALREADY),
    caught=(deviates("not_purged", "out-of-service/valid-served"),),
)
def cannot_write_to_mailboxes() -> None:
    """Has no mailbox into which it could put anything, and tries again and again."""
    failure = Failure(code="451", status="4.3.0", text="Mailbox could not be written")

    def make(_original: Any) -> Any:
        async def deliver_here(_folder: Any, _message: Any, _content: Any, to: Sequence[Recipient]) -> Any:
            return dict.fromkeys(to, failure)

        return deliver_here

    patch(relay, "deliver_here", make)


@mutation(
    scenarios=(*_OUT_OF_SERVICE, _OFF_ALREADY),
    caught=(deviates("not_purged", "out-of-service/invalid-returned"),),
)
def keeps_the_mail_of_strangers() -> None:
    """Refuses strangers of an authoritative domain, and follows MX records for their mail that waits already."""

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Config) -> Any:
            found = original(address, config)
            if found is not Here.NOBODY:
                return found
            return routing.choose_route(routing.domain_of(address), config.connectors)

        return choose_destination

    patch(routing, "choose_destination", make)


@mutation(
    scenarios=_OUT_OF_SERVICE,
    caught=(
        fails("not_purged", "out-of-service/nothing-purged", besides=("out-of-service/valid-not-returned",)),
    ),
)
def keeps_and_returns() -> None:
    """Puts mail into the mailbox of a known recipient and returns it as well."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, to: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, to)
            return dict.fromkeys(to, ACCESS_DENIED) if route is Here.MAILBOX else results

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=(*_OUT_OF_SERVICE, _OFF_ALREADY),
    caught=(
        fails(
            *("stops_trying", _STOPS, "connection_refused"),
            courses=("fixed_now", "switched_off", "fixed_now_off"),
        ),
    ),
    also=hence(
        "its queue goes on failing, which the alert is about",
        "alert_answered",
        verdict="deviation",
        courses=("fixed_now",),
    ),
)
def uses_a_connector_that_is_off() -> None:
    """Goes on trying through a connector that is turned off."""

    def make(original: Any) -> Any:
        def choose_connector(domain: str, connectors: Any) -> Any:
            return original(domain, [replace(each, enabled=True) for each in connectors])

        return choose_connector

    patch(routing, "choose_connector", make)


@mutation(
    scenarios=(*_OUT_OF_SERVICE, _OFF_ALREADY),
    caught=(fails("rejected_at_once", "out-of-service/invalid-rejected", courses=("fixed_now_off",)),),
)
def fixes_nothing_that_is_off() -> None:
    """Takes Fix now for done where the connector is off already, whatever the domain is."""

    def make(original: Any) -> Any:
        def fix_now(self: Any, domain: str) -> Config:
            if any(each.domain == domain and not each.enabled for each in self.config.connectors):
                config: Config = self.config
                return config
            fixed: Config = original(self, domain)
            return fixed

        return fix_now

    patch(Settings, "fix_now", make)


_BESIDE = "connection_refused.fixed_now_beside"
_OTHERS = "out-of-service/others-untouched"
_SENDERS = "sender.test"


@mutation(
    scenarios=(_BESIDE,),
    caught=(fails("fixed_beside", _OTHERS),),
    brings={"accepted-domain/internal-relay": "the domains of others are no internal relay domains any more"},
)
def fixes_all_domains() -> None:
    """Makes every accepted domain authoritative, and not those of the connector alone."""
    patch(settings, "fix_now_domains", lambda _: lambda domain, config: list(config.accepted_domains))


@mutation(
    scenarios=(_BESIDE,),
    caught=(fails("fixed_beside", _OTHERS),),
    brings={_STOPS: "the connectors of others are off as well"},
)
def fixes_all_connectors() -> None:
    """Turns every connector off, and not the one alone."""

    def make(original: Any) -> Any:
        def edits(self: Any, domain: str) -> list[Edit]:
            off = [
                Edit("connector", number, "enabled", False)
                for number, each in enumerate(self.config.connectors)
                if each.domain not in (domain, _SENDERS)
            ]
            return [*original(self, domain), *off]

        return edits

    patch(Settings, "_fix_now_edits", make)
