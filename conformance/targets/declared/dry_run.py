"""Renders all templates of a declaration once, for a connector of each kind, before anything is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from jinja2 import Environment

from conformance.target import Address, Capability, Connector, RelayConfig, TargetError, TlsPolicy
from conformance.targets.declared import templates
from conformance.targets.declared.checks import named, templates_of
from conformance.targets.declared.format import Declaration, Otherwise
from conformance.targets.declared.templates import TemplateWrong, Variables

_FOLDER = Path("/work-directory")  # stands for the real one, and need not be there
_OTHERWISE = {Otherwise.AS_ASKED: "", Otherwise.WHOLE_SECONDS: " | whole"}


def tried(declared: Declaration) -> Iterator[str]:
    """Yield one line for each template that cannot be rendered."""
    config = _example(declared)
    made = templates.environment(config)
    names: dict[str, Any] = {
        "config": config,
        "work": config.work_directory,
        "here": declared.path.parent,
        "env": Variables(None),
        "lab": "namespace",
        "syslog": config.work_directory / "syslog.log",
        "package": "/package",
        "clock": {"LD_PRELOAD": "libfaketime.so.1"},
        "offered": sorted(declared.capabilities),
    }
    for name, source in declared.values.items():
        try:
            names[name] = templates.value(source, names, made)
        except TargetError:  # it reads what may not be installed
            names[name] = ""
        except TemplateWrong as error:
            yield f"values.{name}: {error}"
            return
    try:
        names["granted"] = granted(declared, names, made)
    except TemplateWrong as error:
        yield str(error)
        return
    extra = {"sender": "a@a.test", "recipients": ["b@b.test"], "notify": ""}
    for key, source in templates_of(declared):
        if not key.startswith(("values.", "granted.")):
            try:
                templates.value(source, {**names, **extra}, made)
            except TargetError:
                continue
            except TemplateWrong as error:
                yield f"{named(declared, key)}: {error}"


def granted(declared: Declaration, names: Mapping[str, Any], made: Environment) -> dict[str, Any]:
    """Return what is granted, by the fields of `Schedule`.

    Raises:
        TemplateWrong: A value is no number; the text begins with its key.
    """
    found: dict[str, Any] = {}
    otherwise = declared.granted.otherwise
    for each in fields(declared.granted):
        if each.name == "otherwise":
            continue
        given = getattr(declared.granted, each.name)
        if given is None and otherwise is not None and each.name in RelayConfig.__annotations__:
            given = f"{{{{ config.{each.name}{_OTHERWISE[otherwise]} }}}}"
        try:
            number = templates.value(given, {**names, "granted": found}, made)
        except TemplateWrong as error:
            raise TemplateWrong(f"granted.{each.name}: {error}") from error
        if number is not None and not isinstance(number, int | float):
            raise TemplateWrong(f"granted.{each.name}: {number!r} is no number of seconds")
        found[each.name] = number
    return found


def _example(declared: Declaration) -> RelayConfig:
    """Return something to ask for that has one of each in it."""
    offered = frozenset(declared.capabilities)
    hosts = ("mx1.a.test", "mx2.a.test") if Capability.SEVERAL_SMART_HOSTS in offered else ("mx1.a.test",)
    ways: list[tuple[str, ...]] = (
        [hosts] if Capability.SMART_HOST in offered or Capability.MX not in offered else []
    )
    ways += [()] if Capability.MX in offered else []
    policies = {TlsPolicy.OPPORTUNISTIC}
    policies |= {TlsPolicy.ENCRYPTION_ONLY} if Capability.TLS_REQUIRED in offered else set()
    verified = {TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION}
    policies |= verified if Capability.TLS_VERIFIED in offered else set()
    connectors = [
        Connector(
            domain=f"{tls.value.replace('_', '-')}{number}.test",
            smart_hosts=way,
            tls=tls,
            tls_domain="mx1.a.test",
        )
        for tls in sorted(policies)
        for number, way in enumerate(ways)
    ]
    return RelayConfig(
        work_directory=_FOLDER,
        hostname="relay.test",
        listen=Address("127.1.0.25", 2525),
        resolver=Address("127.1.0.53", 53),
        next_hop_port=25,
        connectors=tuple(connectors if Capability.MANY_CONNECTORS in offered else connectors[:1]),
        trust_anchors=_FOLDER / "trust-anchors.pem",
        retry_interval=2.0,
        max_retry_interval=2.0,
        queue_lifetime=900.0,
        connect_timeout=2.0,
        command_timeout=2.0,
        dns_timeout=2.0,
    )
