"""Positive controls: destinations with nothing wrong, which mail must reach at the first attempt."""

from conformance.catalogue.failure_mode import FailureMode, Host, Kind, MxRouting
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.attempts import delivered
from fake_servers import Certificate, Rule, Slow, Stage

_PACE = 1.0  # seconds for each reply: half of the time-outs that are asked for

MODES = (
    FailureMode(
        name="plain",
        section=Section.CONTROL,
        staged="A healthy server without TLS.",
        kind=Kind.CONTROL,
        witness=delivered,
    ),
    FailureMode(
        name="verified_tls",
        section=Section.CONTROL,
        staged="A healthy server with a valid certificate; the connector insists on one.",
        kind=Kind.CONTROL,
        witness=delivered,
        tls=TlsPolicy.DOMAIN_VALIDATION,
        hosts=(Host(certificate=Certificate.GOOD),),
    ),
    FailureMode(
        name="plain_mx",
        section=Section.CONTROL,
        staged="A healthy server, found by the MX record of the recipient domain.",
        kind=Kind.CONTROL,
        witness=delivered,
        mx=MxRouting(),
    ),
    FailureMode(
        name="beside_backlog",
        section=Section.CONTROL,
        staged="A healthy server, while a dozen messages wait for a dead one that accepts connections and is silent.",
        kind=Kind.CONTROL,
        witness=delivered,
        backlog=12,
    ),
    FailureMode(
        name="moved_clock",
        section=Section.CONTROL,
        staged="A healthy server, reached after the relay's clock was moved; the relay's date stamp tells.",
        kind=Kind.CONTROL,
        witness=delivered,
    ),
    FailureMode(
        name="slow",
        section=Section.CONTROL,
        staged=f"A healthy server that takes {_PACE} s for the greeting and for each reply.",
        kind=Kind.CONTROL,
        witness=delivered,
        hosts=(
            Host(
                rules=tuple(
                    Rule(stage=stage, action=Slow(_PACE))
                    for stage in (Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
                ),
            ),
        ),
    ),
)
