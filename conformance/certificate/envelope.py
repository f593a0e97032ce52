"""The envelope of a certificate: an in-toto Statement (v1) in a DSSE envelope, with one signature by Ed25519.

https://github.com/in-toto/attestation/tree/main/spec/v1 and https://github.com/secure-systems-lab/dsse. What is signed
are the octets of the payload, so nothing depends on how a reader writes JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error
from securesystemslib.signer import CryptoSigner, SSlibKey

from conformance.certificate.refusal import Refused

PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:mailflow-conformance:certificate:1"


def sealed(subjects: Mapping[str, str], predicate: Mapping[str, Any], signer: CryptoSigner) -> str:
    """Return the text of a certificate.

    Args:
        subjects: The SHA-256 of each file that it is about, by name.
        predicate: What is said of them.
        signer: Who says so.
    """
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    envelope = Envelope(json.dumps(statement, indent=1).encode(), PAYLOAD, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=1) + "\n"


def opened(text: str, key: SSlibKey) -> tuple[dict[str, str], dict[str, Any]]:
    """Return subjects and predicate of a certificate that was signed with a key; no other key is looked at.

    Raises:
        Refused: It was not, or it is no certificate.
    """
    try:
        envelope = Envelope.from_dict(json.loads(text))
        signed_by = list(envelope.signatures)
    except (ValueError, KeyError, TypeError, AttributeError, Error) as error:
        raise Refused("it is no certificate: no DSSE envelope can be read from it") from error
    try:
        envelope.verify([key], 1)
    except (Error, ValueError) as error:
        if key.keyid not in signed_by:
            named = f"the key {signed_by[0]}" if signed_by else "no key"
            raise Refused(
                f"it is signed with {named}, and not with the one that was given, {key.keyid}"
            ) from error
        raise Refused("the signature is not that of its content: one of them was changed") from error
    if envelope.payload_type != PAYLOAD:
        raise Refused(f"it is about {envelope.payload_type}, and no in-toto Statement")
    return _read(envelope.payload)


def _read(payload: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    try:
        statement = json.loads(payload)
        kind, about = statement["_type"], statement["predicateType"]
        subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
        predicate = statement["predicate"]
        if not all(isinstance(text, str) for each in subjects.items() for text in each):
            raise TypeError("a subject is no text")
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("what is signed is no in-toto Statement") from error
    if (kind, about) != (STATEMENT, PREDICATE) or not isinstance(predicate, dict):
        raise Refused(f"what is signed is a {about!r}, and no certificate of this kind ({PREDICATE})")
    return subjects, predicate
