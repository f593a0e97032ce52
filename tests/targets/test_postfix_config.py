import pytest

from conformance.target import Connector, TargetError, TlsPolicy
from conformance.targets import postfix_config


def test_smart_hosts_are_routes_and_the_others_go_by_mx() -> None:
    connectors = [
        Connector(domain="a.test", smart_hosts=("mx1.a.test", "mx2.a.test")),
        Connector(domain="b.test"),
        Connector(domain="c.test", smart_hosts=("[10.77.1.1]",)),
    ]
    assert postfix_config.transport(connectors, 25) == (
        "a.test smtp:[mx1.a.test]:25, [mx2.a.test]:25\nc.test smtp:[10.77.1.1]:25\n"
    )


@pytest.mark.parametrize(
    ("connector", "line"),
    [
        (Connector(domain="a.test", smart_hosts=("mx.a.test",)), "[mx.a.test]:25 may"),
        (Connector(domain="a.test", tls=TlsPolicy.ENCRYPTION_ONLY), "a.test encrypt"),
        (
            Connector(domain="a.test", smart_hosts=("10.1.2.3",), tls=TlsPolicy.CERTIFICATE_VALIDATION),
            "[10.1.2.3]:25 verify match=.example:.invalid:.test",
        ),
        (
            Connector(domain="a.net", smart_hosts=("mx.b.org",), tls=TlsPolicy.CERTIFICATE_VALIDATION),
            "[mx.b.org]:25 verify match=.example:.invalid:.net:.org:.test",
        ),
        (
            Connector(
                domain="a.test",
                smart_hosts=("mx.a.test",),
                tls=TlsPolicy.DOMAIN_VALIDATION,
                tls_domain="*.a.test",
            ),
            "[mx.a.test]:25 secure match=.a.test",
        ),
        (
            Connector(domain="a.test", smart_hosts=("mx.a.test",), tls=TlsPolicy.DOMAIN_VALIDATION),
            "[mx.a.test]:25 secure match=mx.a.test",
        ),
    ],
)
def test_tls_rules(connector: Connector, line: str) -> None:
    assert postfix_config.tls_policy([connector], 25) == line + "\n"


def test_the_same_rule_twice_is_written_once() -> None:
    connectors = [Connector(domain=f"{name}.test", smart_hosts=("mx.test",)) for name in "ab"]
    assert postfix_config.tls_policy(connectors, 25) == "[mx.test]:25 may\n"


def test_two_rules_for_one_next_hop_are_refused() -> None:
    connectors = [
        Connector(domain="a.test", smart_hosts=("mx.test",)),
        Connector(domain="b.test", smart_hosts=("mx.test",), tls=TlsPolicy.ENCRYPTION_ONLY),
    ]
    with pytest.raises(TargetError, match="one TLS rule for each next hop") as caught:
        postfix_config.tls_policy(connectors, 25)
    assert caught.value.hint
