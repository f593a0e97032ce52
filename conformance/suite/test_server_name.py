"""A relay that asks for a server by its name in the TLS handshake spells the name as it must."""

from ipaddress import ip_address

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.verdict import NotApplicable


def _in_tls(mode: FailureMode, course: Course) -> bool:
    return on_first_course(mode, course) and any(host.tls for host in mode.hosts)


@aspect(
    Course.HEALTHY,
    Course.PERSISTS,
    kinds=(Kind.CONTROL, Kind.HARMLESS),
    where=_in_tls,
    place=245,
    by_itself=True,
    requirements={"spelled": "tls/server-name"},
)
def test_server_name(case: Case) -> list[Finding]:
    """The name that the relay asks for (SNI) has no dot at its end and is no IP address; it need not ask for any."""
    handshakes = [each.established for each in case.evidence.connections if each.established is not None]
    names = [each.server_name for each in handshakes if each.server_name]
    if not names:
        raise NotApplicable("the relay asked for no server by its name in the handshake")
    wrong = sorted({name for name in names if name.endswith(".") or _is_address(name)})
    return [
        case.finding(
            "server_name.spelled",
            holds=not wrong,
            expected="a host name without a dot at its end, and no IP address",
            observed=", ".join(wrong or dict.fromkeys(names)),
            conclusive=True,
        )
    ]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
