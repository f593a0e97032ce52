"""A certificate that was tampered with, or whose files were: refused each time, with what differs."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from stories.saved import save
from stories.story import good
from vendor import RECORD, UNTIL, WAIVERS, Vendor

from conformance import __version__
from conformance.certificate import keygen, report

Change = Callable[[Vendor], None]

TAMPERED: dict[str, tuple[Change, str]] = {}


def tampering(sentence: str) -> Callable[[Change], Change]:
    """Name what a reader is told of a way to tamper."""

    def add(change: Change) -> Change:
        TAMPERED[change.__name__] = (change, sentence)
        return change

    return add


def _edit(path: Any, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _payload(vendor: Vendor, old: str, new: str) -> None:
    """Change what is signed, and leave the signature."""
    envelope = json.loads(vendor.certificate.read_text(encoding="utf-8"))
    payload = b64decode(envelope["payload"]).decode()
    assert old in payload
    envelope["payload"] = b64encode(payload.replace(old, new).encode()).decode()
    vendor.certificate.write_text(json.dumps(envelope), encoding="utf-8")


@tampering("the signature is not that of its content: one of them was changed")
def signature(vendor: Vendor) -> None:
    envelope = json.loads(vendor.certificate.read_text(encoding="utf-8"))
    [signed] = envelope["signatures"]
    octets = bytearray(b64decode(signed["sig"]))
    octets[5] ^= 1
    signed["sig"] = b64encode(octets).decode()
    vendor.certificate.write_text(json.dumps(envelope), encoding="utf-8")


@tampering("the signature is not that of its content: one of them was changed")
def date_of_a_waiver_in_the_certificate(vendor: Vendor) -> None:
    _payload(vendor, str(UNTIL), str(UNTIL + timedelta(days=90)))


@tampering("report.jsonl is not the file that was certified: its sha256 is ")
def report_says_pass(vendor: Vendor) -> None:
    _edit(vendor.run / report.NAME, '"verdict": "waived"', '"verdict": "pass"')


@tampering("report.jsonl is not the file that was certified: its sha256 is ")
def report_without_one_test(vendor: Vendor) -> None:
    vendor.change(lambda row: None if row.get("aspect") == "error_code" else row)


@tampering(f"{RECORD} is not the file that was certified: its sha256 is ")
def code_in_a_record(vendor: Vendor) -> None:
    _edit(vendor.run / RECORD, "450 4.4.1", "450 4.4.318")


@tampering(f"{RECORD} is not the file that was certified: its sha256 is ")
def record_of_another_run(vendor: Vendor) -> None:
    save(vendor.run / RECORD, good("close_at_ehlo"))


@tampering(
    f"{RECORD}: No such file or directory, and the certificate is about it; --folder says where it lies"
)
def no_record(vendor: Vendor) -> None:
    (vendor.run / RECORD).unlink()


@tampering(f"{WAIVERS} is not the file that was certified: its sha256 is ")
def date_of_a_waiver(vendor: Vendor) -> None:
    _edit(vendor.run / WAIVERS, str(UNTIL), str(UNTIL + timedelta(days=90)))


@tampering("the certificate says profile is 'rfc', and it is 'eop'")
def profile(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate.update(profile="rfc"))


@tampering("the certificate says waivers is [], and it is [{'requirement': 'closed-abruptly/error-code'")
def waivers_left_out(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate.update(waivers=[]))


@tampering(f"{RECORD} belongs to the report, and the certificate is not about it")
def subject_left_out(vendor: Vendor) -> None:
    vendor.sign_again(lambda subjects, _: subjects.pop(RECORD))


@tampering("the certificate is about vendor.key, of which the report knows nothing")
def subject_added(vendor: Vendor) -> None:
    (vendor.run / "vendor.key").write_bytes((vendor.folder / "vendor.key").read_bytes())
    digest = report.digests.of_file(vendor.run / "vendor.key")
    vendor.sign_again(lambda subjects, _: subjects.update({"vendor.key": digest}))


@tampering("'../vendor.key' is no name of a file in a folder")
def subject_elsewhere(vendor: Vendor) -> None:
    vendor.sign_again(lambda subjects, _: subjects.update({"../vendor.key": "0"}))


@tampering("it is signed with the key ")
def signed_with_another_key(vendor: Vendor) -> None:
    keygen.main([str(vendor.folder / "other")])
    public = (vendor.folder / "other.pub").read_text(encoding="utf-8")
    # a key that comes with a certificate is looked at by nobody
    vendor.sign_again(lambda _, predicate: predicate.update(key=public), key="other.key")


@tampering("it was judged by version 0.0.9, and this is " + __version__)
def older_suite(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate["suite"].update(version="0.0.9"))


@tampering(
    f"it was judged by another build of version {__version__}: sha256 0123, and what is installed here is "
)
def another_build(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate["suite"].update(sha256="0123"))


@tampering(
    "the run lacks 1 test of the suite, and a certificate is about a complete one (without -k and --conformance-only): "
)
def report_without_one_test_signed_by_the_vendor(vendor: Vendor) -> None:
    report_without_one_test(vendor)
    vendor.change(lambda row: row | {"selected": row["selected"] - 1} if row["kind"] == "footer" else row)
    vendor.sign_as_it_is()


@tampering(
    "the certificate says level.about is 'all that there is', and it is 'every MUST of the source document"
)
def more_than_the_level(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate["level"].update(about="all that there is"))


@tampering("the level full asks for 100 fault schedules, and 0 were drawn")
def higher_level(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate["level"].update(name="full"))


@tampering("the certificate is of a level 'perfect'; there are core, full, strict")
def level_of_their_own(vendor: Vendor) -> None:
    vendor.sign_again(lambda _, predicate: predicate["level"].update(name="perfect"))


@tampering("it is no certificate: no DSSE envelope can be read from it")
def no_envelope(vendor: Vendor) -> None:
    vendor.certificate.write_text("[]", encoding="utf-8")


@pytest.mark.parametrize("name", TAMPERED)
def test_it_is_refused(name: str, certified: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    change, sentence = TAMPERED[name]
    change(certified)
    capsys.readouterr()
    assert certified.verify() == 1
    told = capsys.readouterr()
    assert told.err.startswith("verify: ")
    assert sentence in told.err
    assert told.err.endswith(f"{certified.certificate} does not verify\n")
    assert not told.out


def test_an_older_suite_is_told_what_to_install(
    certified: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    older_suite(certified)
    assert certified.verify() == 1
    assert "pip install mailflow-conformance==0.0.9" in capsys.readouterr().err


def test_a_report_that_does_not_follow_from_its_records(
    certified: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever signs what is not so is found out by the records, as long as these are what was seen."""

    def embellish(row: dict[str, Any]) -> dict[str, Any]:
        if row.get("aspect") == "error_code":
            row = {key: value for key, value in row.items() if key not in ("waivers", "broken")}
            return row | {"verdict": "pass"}
        return row

    certified.change(embellish)
    certified.sign_as_it_is()
    assert certified.verify() == 1
    assert (
        "test_error_code[close_at_ehlo]: verdict is 'pass' in the report, and 'waived' by its records"
        in capsys.readouterr().err
    )


def test_a_waiver_that_expired_since(certified: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    over = date.today() - timedelta(days=2)
    _edit(certified.run / WAIVERS, str(UNTIL), str(over))
    _edit(certified.run / report.NAME, str(UNTIL), str(over))
    certified.sign_as_it_is()
    assert certified.verify() == 1
    assert f"the waiver expired on {over}" in capsys.readouterr().err
