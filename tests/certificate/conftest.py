"""One run with one waiver, made from a story, and its certificate; each test gets a copy of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copyfile, copytree

import pytest
from stories.saved import save
from vendor import RECORD, TEXT, WAIVERS, Vendor, with_a_wrong_code

from conformance.certificate import certifiable, keygen, report


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    """A run of which everything but a code is right, which is waived."""
    folder = tmp_path_factory.mktemp("vendor")
    waivers, record, into = folder / WAIVERS, folder / RECORD, folder / "run"
    waivers.write_text(TEXT, encoding="utf-8")
    save(record, with_a_wrong_code())
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}"),
        *(
            f"--conformance-replay={record}",
            f"--conformance-waivers={waivers}",
            f"--conformance-report={into}",
        ),
    ]
    subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL)
    for path in (waivers, record):  # of what is judged again a report keeps nothing
        copyfile(path, into / path.name)
    keygen.main([str(folder / "vendor")])
    return Vendor(folder)


@pytest.fixture
def _complete(original: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take that run for a complete one."""
    tests = report.read(original.run).tests
    monkeypatch.setattr(certifiable, "whole", lambda version: frozenset(tests))


@pytest.fixture
def vendor(original: Vendor, tmp_path: Path, _complete: None) -> Vendor:
    """A copy without a certificate."""
    return Vendor(copytree(original.folder, tmp_path / "copy"))


@pytest.fixture(scope="session")
def signed() -> dict[str, str]:
    """The certificate, and what was shown of it, once it was made."""
    return {}


@pytest.fixture
def certified(vendor: Vendor, signed: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Vendor:
    """A copy with its certificate, which is about what was judged as well."""
    vendor.artefact.write_bytes(b"what was judged")
    if not signed:
        assert vendor.certify(f"--artefact={vendor.artefact}") == 0
        signed |= {"shown": capsys.readouterr().out, "text": vendor.certificate.read_text(encoding="utf-8")}
    vendor.certificate.write_text(signed["text"], encoding="utf-8")
    return vendor
