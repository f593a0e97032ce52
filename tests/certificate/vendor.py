"""Who judges a relay and certifies what was found: folders, keys, and a run with one waiver made from a story."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stories.story import Story, good

from conformance.catalogue.versions import newest
from conformance.certificate import certify, report, verify
from conformance.certificate.envelope import opened, sealed
from conformance.certificate.keys import public_key, signer_of
from conformance.certificate.levels import levels
from conformance.certificate.predicate import predicate_of

RECORD = "record-1-steady.jsonl"
WAIVERS = "mailflow-waivers.toml"
UNTIL = date.today() + timedelta(days=90)
TEXT = f"""catalogue = "{newest()}"
[[waiver]]
verdict = "fail"
requirement = "closed-abruptly/error-code"
failure_modes = ["close_at_ehlo"]
observed = "enhanced status code 4.4.1 *"
reason = "Mended in the next release."
expires = {UNTIL}
"""


@dataclass(frozen=True)
class Vendor:
    """Who has judged a relay: `run` has report, records, waivers and certificate, beside it lie the keys."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def certificate(self) -> Path:
        return self.run / certify.CERTIFICATE

    @property
    def artefact(self) -> Path:
        return self.folder / "relay-1.2.deb"

    @property
    def predicate(self) -> dict[str, Any]:
        """What the certificate says."""
        text = self.certificate.read_text(encoding="utf-8")
        return opened(text, public_key(self.folder / "vendor.pub"))[1]

    def certify(self, *more: str) -> int:
        return certify.main([str(self.run), f"--key={self.folder / 'vendor.key'}", *more], prog="certify")

    def verify(self, *more: str) -> int:
        return verify.main(
            [str(self.certificate), f"--key={self.folder / 'vendor.pub'}", *more], prog="verify"
        )

    def sign_again(
        self, change: Callable[[dict[str, str], dict[str, Any]], None], key: str = "vendor.key"
    ) -> None:
        """Sign anew what somebody changed of subjects and predicate."""
        subjects, predicate = opened(
            self.certificate.read_text(encoding="utf-8"), public_key(self.folder / "vendor.pub")
        )
        change(subjects, predicate)
        text = sealed(subjects, predicate, signer_of(self.folder / key))
        self.certificate.write_text(text, encoding="utf-8")

    def sign_as_it_is(self) -> None:
        """Sign the files as they are, and what the report says, without looking whether it is true."""
        run = report.read(self.run)

        def change(subjects: dict[str, str], predicate: dict[str, Any]) -> None:
            subjects |= run.subjects()
            predicate |= predicate_of(run, levels()["core"])

        self.sign_again(change)

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Change each row of the report, or leave it out."""
        path = self.run / report.NAME
        rows = (change(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
        path.write_text("".join(json.dumps(row) + "\n" for row in rows if row), encoding="utf-8")


def with_a_wrong_code() -> Story:
    story = good("close_at_ehlo")
    story.reported = [
        replace(each, event=replace(each.event, text=each.event.text.replace("4.4.318", "4.4.1")))
        for each in story.reported
    ]
    return story
