"""What stands on the face of a certificate: what is certified, and everything that a reader must not overlook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.catalogue.versions import newest
from conformance.certificate.refusal import listed
from conformance.judging.words import counted
from conformance.report.writing import line_of

_WIDTH = 15
_SHOWN = 8


def face(predicate: Mapping[str, Any], subjects: Mapping[str, str], key: str) -> list[str]:
    """Return the lines that a reader is shown; what comes from outside is spelled out."""
    return [line_of(f"{name:{_WIDTH}}{text}".rstrip()) for name, text in _rows(predicate, subjects, key)]


def _rows(predicate: Mapping[str, Any], subjects: Mapping[str, str], key: str) -> Iterator[tuple[str, str]]:
    run, suite, catalogue = (predicate[each] for each in ("run", "suite", "catalogue"))
    version = run["targetVersion"] or "of a version that its adapter does not tell"
    yield "target", f"{run['target']}, {version} (adapter {run['adapter']})"
    but = ", but for what is waived below" if predicate["waivers"] else ""
    yield "level", f"{predicate['level']['name']}: {predicate['level']['about']}{but}"
    yield "profile", predicate["profile"]
    yield "capabilities", ", ".join(run["capabilities"])
    yield "run", f"begun {run['started']}, {run['platform']}"
    yield "suite", f"{suite['name']} {suite['version']}, sha256 {suite['sha256']}"
    yield "catalogue", f"{catalogue['version']}{_older(catalogue['version'])}, {catalogue['digest']}"
    yield "verdicts", _counts(predicate["verdicts"])
    yield "requirements", _counts(predicate["requirements"])
    yield (
        "waived",
        f"by {counted(len(predicate['waivers']), 'waiver')}" if predicate["waivers"] else "nothing",
    )
    for waiver in predicate["waivers"]:
        yield (
            "",
            f"{waiver['requirement']} ({waiver['verdict']}) until {waiver['expires']}: {waiver['reason']}",
        )
    yield "failures", _names(predicate["failures"])
    yield "deviations", _names(predicate["deviations"])
    yield "not judged", _names(list(predicate["notJudged"]))
    yield "not applicable", _names(predicate["notApplicable"])
    yield (
        "strictness",
        "deviations fail" if run["strict"] else "deviations were let pass (no --conformance-strict)",
    )
    yield "lab", _LABS.get(run["lab"], run["lab"])
    yield "schedules", _schedules(run["schedules"])
    yield "signed by", key
    for name, digest in subjects.items():
        what = "artefact" if name in predicate["artefacts"] else "about"
        yield what, f"{name} sha256 {digest}"


_LABS = {
    "loopback": "loopback: no addresses and ports as in a real network; what needs one is not applicable",
    "namespace": "namespace: a network of its own, with port 25",
}


def _older(version: str) -> str:
    return "" if version == newest() else f" (nothing newer was asked; this suite has {newest()})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number)


def _names(names: list[str]) -> str:
    return f"{len(names)}: {listed(names, _SHOWN)}" if names else "none"


def _schedules(drawn: Mapping[str, Any] | None) -> str:
    if not drawn:
        return "none were drawn"
    deep = f" of at most {counted(drawn['depth'], 'fault')}," if "depth" in drawn else ""
    return f"{drawn['count']}{deep} drawn from seed {drawn['seed']}"
