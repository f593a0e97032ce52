"""Ed25519 keys in PEM files, as OpenSSL writes them: PKCS #8 if private, SubjectPublicKeyInfo if public."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from conformance.certificate.refusal import Refused

PRIVATE = ".key"
PUBLIC = ".pub"
# What a file with one ending has, and the ending of the other one.
_PAIR = {PRIVATE: ("private", PUBLIC), PUBLIC: ("public", PRIVATE)}


def generate(name: Path) -> tuple[Path, Path]:
    """Write a new pair of keys, `NAME.key` and `NAME.pub`, and return their files; nothing is overwritten.

    Raises:
        Refused: One of them is there already, or cannot be written.
    """
    private, public = (name.with_name(name.name + ending) for ending in (PRIVATE, PUBLIC))
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for path, content, mode in ((private, secret, 0o600), (public, shown, 0o644)):
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
        except FileExistsError as error:
            raise Refused(f"{path} is there already, and a key is never overwritten") from error
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}") from error
    return private, public


def signer_of(path: Path) -> CryptoSigner:
    """Read a private key.

    Raises:
        Refused: It is none, or not one to sign a certificate with.
    """
    try:
        key = serialization.load_pem_private_key(_read(path), None)
    except TypeError as error:
        raise Refused(
            f"{path}: the key is encrypted; `openssl pkey -in {path.name}` writes one that is not"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(f"{path}: it is no private key in PEM{_other(path, PUBLIC)}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path}: it is no Ed25519 key")
    return CryptoSigner(key)


def public_key(path: Path) -> SSlibKey:
    """Read a public key.

    Raises:
        Refused: It is none, or not one that a certificate can be signed with.
    """
    try:
        key = serialization.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(f"{path}: it is no public key in PEM{_other(path, PRIVATE)}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Refused(f"{path}: it is no Ed25519 key")
    return SSlibKey.from_crypto(key)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error


def _other(path: Path, ending: str) -> str:
    """Say that a file is the other one of a pair, if it looks like that."""
    what, wanted = _PAIR[ending]
    return (
        f", but a {what} one; the one that is wanted is called *{wanted}"
        if what.upper().encode() in _read(path)
        else ""
    )
