"""`mailflow-conformance certify`: signs what a complete run found.

The records are judged again first, so that nothing is signed that whoever verifies it would refuse.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.certificate import digests
from conformance.certificate.certifiable import check_certifiable, check_version
from conformance.certificate.envelope import sealed
from conformance.certificate.face import face
from conformance.certificate.keys import signer_of
from conformance.certificate.levels import levels
from conformance.certificate.predicate import predicate_of
from conformance.certificate.refusal import Refused, status_of
from conformance.certificate.rejudge import judged_again
from conformance.certificate.report import read

CERTIFICATE = "certificate.dsse.json"


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Certify a run and return the exit status: 0, or 1 if it is refused."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Signs what a complete run found; docs/certificate.md says what that proves.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="what --conformance-report=DIR wrote, records and all"
    )
    parser.add_argument(
        "--key", type=Path, required=True, metavar="PRIVATE", help="the private key, PEM, Ed25519"
    )
    parser.add_argument(
        "--level",
        choices=list(levels()),
        default="core",
        help="what is certified: "
        + "; ".join(f"{each.name}, {each.about} ({' or '.join(each.profiles)})" for each in levels().values())
        + " (default: %(default)s)",
    )
    parser.add_argument(
        "--artefact",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="what was judged: a package, an image; its digest is certified as well. Repeatable",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help=f"write the certificate here (default: DIR/{CERTIFICATE})"
    )
    options = parser.parse_args(arguments)
    output = options.output or options.folder / CERTIFICATE
    return status_of(
        lambda: _certify(options, output),
        prog=parser.prog,
        done=f"certified: {output}",
        refused="nothing was certified",
    )


def _certify(options: argparse.Namespace, output: Path) -> list[str]:
    signer = signer_of(options.key)
    report, level = read(options.folder), levels()[options.level]
    check_version(report.header["suite_version"])
    check_certifiable(report)
    level.check(report)
    subjects = report.subjects()
    again = judged_again(report)
    check_certifiable(again)
    level.check(again)
    artefacts = [_artefact(path, subjects) for path in options.artefact]
    predicate = {
        **predicate_of(again, level),
        "artefacts": artefacts,
        "certified": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    text = sealed(subjects, predicate, signer)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{output}: {error.strerror}") from error
    return face(predicate, subjects, f"the key {signer.public_key.keyid}")


def _artefact(path: Path, subjects: dict[str, str]) -> str:
    if path.name in subjects:
        raise Refused(f"--artefact={path}: there is a {path.name} already that the certificate is about")
    try:
        subjects[path.name] = digests.of_file(path)
    except OSError as error:
        raise Refused(f"--artefact={path}: {error.strerror}") from error
    return path.name
