"""`mailflow-conformance verify`: checks a certificate against a public key, the files it is about, and the suite.

Nothing is believed that can be worked out: the records are judged again, and what is certified must follow from them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.certificate import digests
from conformance.certificate.certifiable import check_certifiable, check_version
from conformance.certificate.envelope import opened
from conformance.certificate.face import face
from conformance.certificate.keys import public_key
from conformance.certificate.levels import levels
from conformance.certificate.predicate import differences, predicate_of
from conformance.certificate.refusal import Refused, refuse_if, status_of
from conformance.certificate.rejudge import judged_again
from conformance.certificate.report import Report, read

# What only the signer says, and nothing else tells.
_SAID = ("artefacts", "certified")


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Verify a certificate and return the exit status: 0, or 1 if it does not verify."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Checks a certificate: who signed it, that its files are those it is about, and, by judging the "
        "records again, that every verdict in it follows from them.",
    )
    parser.add_argument("certificate", type=Path, metavar="CERTIFICATE", help="what certify wrote")
    parser.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="PUBLIC",
        help="the public key of whom you trust, PEM, got from them; none that comes with a certificate is looked at",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="where report and records lie (default: the folder of the certificate)",
    )
    parser.add_argument(
        "--artefact",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what you use: it must be one that the certificate is about. Repeatable",
    )
    options = parser.parse_args(arguments)
    return status_of(
        lambda: _verify(options),
        prog=parser.prog,
        done=f"verified: {options.certificate}",
        refused=f"{options.certificate} does not verify",
    )


def _verify(options: argparse.Namespace) -> list[str]:
    key = public_key(options.key)
    try:
        text = options.certificate.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{options.certificate}: {getattr(error, 'strerror', None) or error}") from error
    subjects, predicate = opened(text, key)
    artefacts = _known(predicate)
    folder = options.folder or options.certificate.parent
    refuse_if(_files(subjects, folder, artefacts))
    refuse_if(_used(options.artefact, subjects, artefacts))
    report = read(folder)
    _check(report, subjects, predicate, artefacts)
    seen = [path.name for path in options.artefact]
    lines = face(predicate, subjects, f"the key that was given, {key.keyid}")
    unseen = [name for name in artefacts if name not in seen]
    return [*lines, *(f"not compared: {name}; --artefact={name} does" for name in unseen)]


def _known(predicate: Mapping[str, Any]) -> list[str]:
    """Return the names of its artefacts, once it is known that the certificate is one this suite can check.

    Raises:
        Refused: It is of another suite.
    """
    try:
        suite = predicate["suite"]
        version, digest = suite["version"], suite["sha256"]
        artefacts = [str(name) for name in predicate["artefacts"]]
        level = predicate["level"]["name"]
    except (KeyError, TypeError) as error:
        raise Refused("the certificate does not say by which suite, of which level, or about what") from error
    check_version(version)
    if digest != digests.of_suite():
        raise Refused(
            f"it was judged by another build of version {version}: sha256 {digest}, and what is installed here is "
            f"{digests.of_suite()}"
        )
    if level not in levels():
        raise Refused(f"the certificate is of a level {level!r}; there are {', '.join(levels())}")
    return artefacts


def _files(subjects: Mapping[str, str], folder: Path, artefacts: Sequence[str]) -> list[str]:
    reasons = []
    for name, certified in subjects.items():
        if name in artefacts:
            continue
        if Path(name).name != name:
            reasons.append(f"{name!r} is no name of a file in a folder")
            continue
        try:
            found = digests.of_file(folder / name)
        except OSError as error:
            reasons.append(
                f"{folder / name}: {error.strerror}, and the certificate is about it; --folder says where it lies"
            )
            continue
        if found != certified:
            reasons.append(
                f"{name} is not the file that was certified: its sha256 is {found}, and that was {certified}"
            )
    return reasons


def _used(given: Sequence[Path], subjects: Mapping[str, str], artefacts: Sequence[str]) -> list[str]:
    certified = {subjects.get(name, "") for name in artefacts}
    reasons = []
    for path in given:
        try:
            found = digests.of_file(path)
        except OSError as error:
            reasons.append(f"--artefact={path}: {error.strerror}")
            continue
        if found not in certified:
            reasons.append(f"--artefact={path}: the certificate is not about it (sha256 {found})")
    return reasons


def _check(
    report: Report, subjects: Mapping[str, str], predicate: Mapping[str, Any], artefacts: Sequence[str]
) -> None:
    """Go on only if everything in a certificate follows from the files.

    Raises:
        Refused: It does not.
    """
    own = {path.name for path in report.files}
    unnamed = sorted(own - subjects.keys())
    strange = sorted(subjects.keys() - own - set(artefacts))
    refuse_if(
        [
            *(f"{name} belongs to the report, and the certificate is not about it" for name in unnamed),
            *(f"the certificate is about {name}, of which the report knows nothing" for name in strange),
        ]
    )
    check_version(report.header["suite_version"])
    # by what the report says, which takes no time; and by what its records say, which counts
    _check_follows(predicate, report)
    _check_follows(predicate, judged_again(report))


def _check_follows(predicate: Mapping[str, Any], report: Report) -> None:
    level = levels()[predicate["level"]["name"]]
    check_certifiable(report)
    level.check(report)
    said = {key: value for key, value in predicate.items() if key not in _SAID}
    refuse_if(list(differences(said, predicate_of(report, level))))
