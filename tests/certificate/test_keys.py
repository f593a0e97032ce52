"""Keys: made once, never overwritten, and told apart."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from conformance.certificate import digests, keygen
from conformance.certificate.envelope import PAYLOAD, PREDICATE, STATEMENT, opened, sealed
from conformance.certificate.keys import public_key, signer_of
from conformance.certificate.refusal import Refused, refuse_if


def _pem(key: Any, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    encoded: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    return encoded


def _shown(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_a_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = tmp_path / "vendor.2026"
    assert keygen.main([str(name)]) == 0
    private, public = tmp_path / "vendor.2026.key", tmp_path / "vendor.2026.pub"
    assert private.stat().st_mode & 0o777 == 0o600
    assert signer_of(private).public_key.keyid == public_key(public).keyid
    assert public_key(public).keyid in capsys.readouterr().out
    assert keygen.main([str(name)], prog="keygen") == 1
    assert f"keygen: {private} is there already, and a key is never overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "read", "sentence"),
    [
        (b"nothing", signer_of, "it is no private key in PEM"),
        (b"nothing", public_key, "it is no public key in PEM"),
        (_pem(Ed25519PrivateKey.generate()), public_key, "it is no public key in PEM, but a private one; "),
        (_shown(Ed25519PrivateKey.generate()), signer_of, "it is no private key in PEM, but a public one; "),
        (_pem(Ed25519PrivateKey.generate(), b"secret"), signer_of, "the key is encrypted; `openssl pkey -in k.pem`"),
        (_pem(generate_private_key(65537, 2048)), signer_of, "it is no Ed25519 key"),
        (None, signer_of, "No such file or directory"),
    ],
)  # fmt: skip
def test_what_is_no_key_for_it(content: bytes | None, read: Any, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=sentence.replace("(", r"\(")):
        read(path)


def test_the_envelope_is_what_others_read(tmp_path: Path) -> None:
    """DSSE by its own words: the signature is of `DSSEv1`, the lengths, the type and the payload, by plain Ed25519."""
    keygen.main([str(tmp_path / "k")])
    text = sealed({"a": "00"}, {"said": "ä"}, signer_of(tmp_path / "k.key"))
    envelope = json.loads(text)
    payload = b64decode(envelope["payload"], validate=True)
    statement = json.loads(payload)
    assert (statement["_type"], statement["predicateType"]) == (STATEMENT, PREDICATE)
    assert statement["subject"] == [{"name": "a", "digest": {"sha256": "00"}}]
    assert envelope["payloadType"] == PAYLOAD
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    public = serialization.load_pem_public_key((tmp_path / "k.pub").read_bytes())
    public.verify(b64decode(envelope["signatures"][0]["sig"]), signed)  # type: ignore[union-attr,call-arg]
    assert opened(text, public_key(tmp_path / "k.pub")) == ({"a": "00"}, {"said": "ä"})


def test_a_statement_of_another_kind_is_no_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keygen.main([str(tmp_path / "k")])
    with monkeypatch.context() as patch:
        patch.setattr("conformance.certificate.envelope.PREDICATE", "https://slsa.dev/provenance/v1")
        text = sealed({}, {}, signer_of(tmp_path / "k.key"))
    with pytest.raises(Refused, match=r"is a 'https://slsa.dev/provenance/v1', and no certificate"):
        opened(text, public_key(tmp_path / "k.pub"))


def test_the_suite_is_known_by_its_files(tmp_path: Path) -> None:
    found = {path.as_posix() for path in digests._files()}
    assert {
        "conformance/certificate/levels.toml",
        "fake_servers/world.py",
        "mailflow_conformance_pytest.py",
    } <= found
    assert not any(name.endswith(".pyc") for name in found)
    assert len(digests.of_suite()) == 64


def test_many_reasons_are_not_told_one_by_one() -> None:
    with pytest.raises(Refused) as refused:
        refuse_if([f"reason {number}" for number in range(30)])
    assert len(refused.value.reasons) == 11
    assert refused.value.reasons[-1] == "and 20 more of this kind"
