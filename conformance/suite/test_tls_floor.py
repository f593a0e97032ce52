"""No version of TLS is negotiated that must not be used any more."""

from conformance.judging.aspect import Case, Course, Finding, aspect

_FORBIDDEN = ("TLSv1", "TLSv1.1")


@aspect(
    Course.HEALED,
    where=lambda mode, _: any(host.tls and host.tls.newest for host in mode.hosts),
    place=240,
    requirements={"kept": "tls/version-floor"},
)
def test_tls_floor(case: Case) -> list[Finding]:
    """On no connection TLS 1.0 or 1.1 came about, which the server would have spoken (RFC 8996)."""
    established = [each.established for each in case.evidence.connections if each.established is not None]
    old = sorted({tls.version for tls in established if tls.version in _FORBIDDEN})
    return [
        case.finding(
            "tls_floor.kept",
            holds=not old,
            expected="neither TLS 1.0 nor TLS 1.1",
            observed=f"negotiated {' and '.join(old)}" if old else "neither was negotiated",
            conclusive=True,
        )
    ]
