"""Runs one Postfix target inside the namespace lab against tiny fakes and prints what it showed, as JSON.

Usage: postfix_lab_script.py postfix|postfix-eop WORK_DIRECTORY
"""

import asyncio
import dataclasses
import json
import logging
import os
import smtplib
import ssl
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session

from conformance.lab import namespace
from conformance.target import Address, Connector, RelayConfig, TargetError, TlsPolicy
from conformance.targets.postfix import PostfixEopTarget, PostfixRelay, PostfixTarget

CONTENT = b"X-Odd:  two  blanks\r\nfrom: nobody\r\n\r\n.dot\r\nbody \xe4\r\n"
CHAIN, DOMAIN = TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION
HOSTS = {"second.two.test": "10.77.1.2", "mx.sender.test": "10.77.1.3"}
HOSTS |= {f"mx.{name}.test": "10.77.1.1" for name in ("healthy", "mx", "plain")}
HOSTS |= {f"mx.{name}.test": "10.77.1.4" for name in ("chain", "domain", "wrong", "encrypted")}
HOSTS |= {"mx.refused.test": "10.77.2.1", "first.two.test": "10.77.2.1", "mx.unreachable.test": "10.78.0.1"}
CONNECTORS = (
    Connector(domain="healthy.test", smart_hosts=("mx.healthy.test",)),
    Connector(domain="mx.test"),
    Connector(domain="two.test", smart_hosts=("first.two.test", "second.two.test")),
    Connector(domain="refused.test", smart_hosts=("mx.refused.test",)),
    Connector(domain="unreachable.test", smart_hosts=("mx.unreachable.test",)),
    Connector(domain="nxdomain.test", smart_hosts=("mx.nxdomain.test",)),
    Connector(domain="servfail.test"),
    Connector(domain="plain.test", smart_hosts=("mx.plain.test",), tls=TlsPolicy.ENCRYPTION_ONLY),
    Connector(domain="encrypted.test", smart_hosts=("mx.encrypted.test",), tls=TlsPolicy.ENCRYPTION_ONLY),
    Connector(domain="chain.test", smart_hosts=("mx.chain.test",), tls=CHAIN),
    Connector(domain="domain.test", smart_hosts=("mx.domain.test",), tls=DOMAIN, tls_domain="tls.invalid"),
    Connector(domain="wrong.test", smart_hosts=("mx.wrong.test",), tls=DOMAIN, tls_domain="mx.wrong.test"),
    Connector(domain="sender.test"),
)


class Resolver(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, client: Any) -> None:
        query = dns.message.from_wire(data)
        [question] = query.question
        name = question.name.to_text().rstrip(".")
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        if name == "servfail.test":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif question.rdtype == dns.rdatatype.MX and f"mx.{name}" in HOSTS:
            answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", "MX", f"10 mx.{name}."))
        elif name not in HOSTS:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", HOSTS[name]))
        self.transport.sendto(answer.to_wire(), client)


class Sink:
    def __init__(self) -> None:
        self.received: dict[str, list[bytes]] = {}
        self.secured: dict[str, bool] = {}
        self.changed = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        for recipient in envelope.rcpt_tos:
            assert isinstance(envelope.original_content, bytes)
            self.received.setdefault(recipient, []).append(envelope.original_content)
            self.secured[recipient] = session.ssl is not None
        self.changed.set()
        return "250 2.0.0 kept"

    async def wait_for(self, recipient: str, deadline: float) -> None:
        async with asyncio.timeout(deadline):
            while recipient not in self.received:
                self.changed.clear()
                await self.changed.wait()


async def fakes(sink: Sink, authority: trustme.CA) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Resolver, local_addr=("10.77.0.53", 53))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("tls.invalid").configure_cert(context)
    for host, tls in [("10.77.1.1", None), ("10.77.1.2", None), ("10.77.1.3", None), ("10.77.1.4", context)]:
        await loop.create_server(
            partial(SMTP, sink, hostname="mx.test", loop=loop, tls_context=tls, ident="sink"), host, 25
        )


def submit(address: Address) -> None:
    with smtplib.SMTP(address.host, address.port, timeout=60) as client:
        for connector in CONNECTORS[:-1]:
            name = connector.domain.partition(".")[0]
            client.sendmail(f"{name}@sender.test", [f"User@{connector.domain}"], CONTENT)


def configuration_files() -> tuple[int, list[str]]:
    """Return how many configuration files the instance has, and which do not seem to be old."""
    asked = subprocess.run(["postconf", "-h", "queue_directory"], capture_output=True, text=True, check=True)
    written = [path for path in Path(asked.stdout.strip(), "etc").iterdir() if path.is_file()]
    return len(written), sorted(path.name for path in written if path.stat().st_mtime > 0)


async def main(name: str, work: Path) -> dict[str, Any]:
    namespace.enter(hostname="relay.test", resolver="10.77.0.53")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(work / "trust.pem")
    sink = Sink()
    await fakes(sink, authority)
    config = RelayConfig(
        work_directory=work,
        hostname="relay.test",
        listen=Address("10.77.0.25", 0),
        resolver=Address("10.77.0.53", 53),
        next_hop_port=25,
        connectors=CONNECTORS,
        trust_anchors=work / "trust.pem",
        retry_interval=1,
        max_retry_interval=1,
        queue_lifetime=4,
        connect_timeout=2,
        command_timeout=2,
        dns_timeout=2,
    )
    target = {"postfix": PostfixTarget, "postfix-eop": PostfixEopTarget}[name]()
    async with target.running(config) as relay:
        written, fresh = configuration_files()
        seen: dict[str, Any] = {"configuration files": written, "fresh": fresh}
        try:
            async with target.running(config):
                pass
        except TargetError as error:
            seen["second instance"] = str(error)
        await asyncio.to_thread(submit, relay.submission)
        for delivered in ("User@healthy.test", "User@mx.test", "User@two.test", "User@chain.test"):
            await sink.wait_for(delivered, 90)
        seen["queue"] = [dataclasses.asdict(message) for message in await relay.queue()]
        await sink.wait_for("refused@sender.test", 90)
        await sink.wait_for("wrong@sender.test", 90)
        await sink.wait_for("servfail@sender.test", 90)
        assert isinstance(relay, PostfixRelay)
        seen["events"] = [dataclasses.asdict(event) for event in await relay.events()]
    seen["received"] = {to: [one.decode("latin-1") for one in all_] for to, all_ in sink.received.items()}
    seen["secured"] = sink.secured
    return seen


def remains() -> dict[str, Any]:
    processes = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    mounts = Path("/proc/mounts").read_text().splitlines()
    return {"left running": processes, "left mounted": [line for line in mounts if "postfix" in line]}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2]))) | remains()))
