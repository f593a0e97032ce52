"""Error code: 450 4.7.320 Certificate validation failed.

The connector insists on a valid certificate for the smart host's name, and the server presents another.
"""

from conformance.failure_mode import FailureMode, Host
from conformance.target import TlsPolicy
from conformance.witness import certificate_offered
from fake_servers import Certificate

_CASES = (
    (Certificate.EXPIRED, "a certificate that has expired", ("expired",)),
    (
        Certificate.NOT_YET_VALID,
        "a certificate that becomes valid in ten years",
        ("notyetvalid", "notvalid", "validity", "nolongervalid"),
    ),
    (
        Certificate.WRONG_NAME,
        "a valid certificate for another name",
        ("mismatch", "subject", "name", "hostname", "notverified", "match"),
    ),
    (
        Certificate.SELF_SIGNED,
        "a self-signed certificate",
        ("selfsigned", "untrusted", "nottrusted", "trust", "chain", "issuer"),
    ),
    (
        Certificate.UNKNOWN_CA,
        "a certificate of an authority that is not trusted",
        ("untrusted", "nottrusted", "trust", "unknownca", "chain", "issuer"),
    ),
)

MODES = tuple(
    FailureMode(
        name=f"certificate_{certificate}",
        section="4.7.320",
        staged=f"The connector requires a certificate valid for the smart host; the server presents {what}.",
        hosts=(Host(certificate=certificate),),
        tls=TlsPolicy.DOMAIN_VALIDATION,
        witness=certificate_offered,
        explained_by=words,
        control="verified_tls",
    )
    for certificate, what, words in _CASES
)
