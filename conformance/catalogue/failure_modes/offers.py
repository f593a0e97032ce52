"""What servers offer in reply to EHLO, and what is handed to them: sizes, 8-bit text, wishes for reports, UTF-8.

An extension is used where it is offered, on this connection and in this state of it (RFC 5321 section 4.1.1.1). That a
relay may be asked for 8-bit text, reports or UTF-8 at all, its own listener says at EHLO.
"""

from dataclasses import dataclass, replace

from conformance.catalogue.connector import MxRouting, TlsRule
from conformance.catalogue.destination import Host, ServerTls, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import Dsn, Special
from conformance.target import TlsPolicy
from conformance.witness.connections import delivered, fault_played, offered, offered_as
from fake_servers import OFFER, Reply, Rule, Stage

_ENCRYPTED = TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """How a reply to EHLO looks; as it stands nothing is unusual.

    Attributes:
        size: What is said of SIZE (RFC 1870).
        more: Which other keywords there are.
        mixed_case: Whether keywords are spelled with one capital letter only.
        tls: Whether the connector requires TLS, and STARTTLS stands among them.
    """

    size: str = "SIZE"
    more: str = ""
    mixed_case: bool = False
    tls: bool = False


# No limit; and a limit of 4 GiB and one octet, which a number of 32 bits makes one octet of.
SIZES = {"SIZE": "", "SIZE 0": "size_zero", "SIZE 4294967297": "size_large"}
_OTHERS = {
    "": (),
    "more": (
        "AUTH PLAIN LOGIN",
        "AUTH=LOGIN PLAIN",
        "LIMITS RCPTMAX=100 MAILMAX=20",
        "ETRN",
        "DELIVERBY 240",
        "X-SIZE 1",
        "XSTARTTLS",
    ),
    "hundred_lines": tuple(f"X-NUMBER-{number} a b=c" for number in range(1, 101)),
}
MORE = tuple(_OTHERS)

# A test says that every pair of these is staged.
OFFERS = (
    Offered(size="SIZE", more="", mixed_case=True, tls=False),
    Offered(size="SIZE", more="more", mixed_case=False, tls=True),
    Offered(size="SIZE", more="hundred_lines", mixed_case=True, tls=True),
    Offered(size="SIZE 0", more="", mixed_case=False, tls=True),
    Offered(size="SIZE 0", more="more", mixed_case=True, tls=False),
    Offered(size="SIZE 0", more="hundred_lines", mixed_case=False, tls=False),
    Offered(size="SIZE 4294967297", more="", mixed_case=False, tls=False),
    Offered(size="SIZE 4294967297", more="more", mixed_case=True, tls=True),
    Offered(size="SIZE 4294967297", more="hundred_lines", mixed_case=True, tls=False),
)


def _offers(row: Offered) -> FailureMode:
    extensions = (*_OTHERS[row.more], *(row.size if each == "SIZE" else each for each in OFFER))
    words = (SIZES[row.size], row.more, "mixed_case" * row.mixed_case, "under_tls" * row.tls)
    told = [
        f'"{row.size}"' if SIZES[row.size] else "",
        {
            "": "",
            "more": "what it does not serve, as AUTH and LIMITS",
            "hundred_lines": "a hundred other keywords",
        }[row.more],
        "its keywords with one capital letter each" if row.mixed_case else "",
    ]
    return FailureMode(
        name="offers_" + "_".join(filter(None, words)),
        section=Section.OFFERS_MANY if row.more == "hundred_lines" else Section.OFFERS,
        staged=f"{'The connector requires TLS; a' if row.tls else 'A'} healthy server offers "
        f"{', and '.join(filter(None, told)) or 'what most servers do'}.",
        kind=Kind.HARMLESS,
        hosts=(Host(extensions=extensions, mixed_case=row.mixed_case, tls=ServerTls() if row.tls else None),),
        tls=_ENCRYPTED if row.tls else TlsRule(),
        witness=offered_as(extensions, mixed_case=row.mixed_case),
    )


_TOO_SMALL = (*offer_without("SIZE"), "SIZE 1000")
_SIZES = (
    FailureMode(
        name="size_too_small",
        section=Section.PERMANENT_REPLIES,
        staged='The server offers "SIZE 1000", and the message is larger.',
        kind=Kind.PERMANENT,
        hosts=(Host(extensions=_TOO_SMALL),),
        message=Message(octets=4_000),
        witness=offered_as(_TOO_SMALL),
        explained_by=("size", "toobig", "toolarge", "552"),
    ),
    FailureMode(
        name="offers_less_later",
        section=Section.OFFERS,
        staged='The server offers CHUNKING besides what most servers do, and answers MAIL with "451 4.3.2 Try again '
        'later"; from the second connection on it offers nothing, and accepts.',
        kind=Kind.PASSING,
        hosts=(
            Host(
                extensions=(*OFFER, "CHUNKING"),
                later_extensions=(),
                rules=(Rule(Stage.MAIL, Reply(451, "4.3.2 Try again later"), connections=range(1, 2)),),
            ),
        ),
        witness=fault_played,
    ),
)


_STARTTLS = Host(mixed_case=True, tls=ServerTls())
_WITHOUT_ESMTP = Rule(Stage.GREETING, Reply(220, "Mail service ready"))
_CHUNKING = (*OFFER, "CHUNKING")
_FURTHER = (
    FailureMode(
        name="offers_starttls_mixed_case",
        section=Section.OFFERS,
        staged="The connector asks for no TLS; a healthy server offers STARTTLS, and spells its keywords with one "
        "capital letter each.",
        kind=Kind.HARMLESS,
        hosts=(_STARTTLS,),
        witness=offered_as(_STARTTLS.extensions, mixed_case=True),
    ),
    FailureMode(
        name="offers_starttls_last",
        section=Section.OFFERS,
        staged="The connector asks for no TLS; a healthy server offers STARTTLS in the last line of its reply to EHLO.",
        kind=Kind.HARMLESS,
        hosts=(
            Host(
                rules=(Rule(Stage.EHLO, Reply(250, "mx.test", *_STARTTLS.extensions, "STARTTLS")),),
                tls=ServerTls(),
            ),
        ),
        witness=fault_played,
    ),
    FailureMode(
        name="greeting_without_esmtp",
        section=Section.OFFERS,
        staged='The connector asks for no TLS; a healthy server greets with "220 Mail service ready", and offers '
        "STARTTLS.",
        kind=Kind.HARMLESS,
        hosts=(Host(rules=(_WITHOUT_ESMTP,), tls=ServerTls()),),
        witness=fault_played,
    ),
    FailureMode(
        name="offers_chunking_large",
        section=Section.OFFERS,
        staged="A healthy server offers CHUNKING besides what most servers do; the message has 100,000 octets.",
        kind=Kind.HARMLESS,
        hosts=(Host(extensions=_CHUNKING),),
        message=Message(octets=100_000),
        witness=offered(_CHUNKING),
    ),
    FailureMode(
        name="leading_dots_in_chunks",
        section=Section.CONTENT,
        staged="Lines of the message begin with a dot, or are nothing else; the server offers CHUNKING.",
        kind=Kind.CONTENT,
        hosts=(Host(extensions=_CHUNKING),),
        message=Message(special=Special(body=b".\r\n..\r\n.a line that begins with a dot\r\n.\r\n")),
        witness=delivered,
    ),
)


def _helo(reply: Reply) -> FailureMode:
    return FailureMode(
        name=f"helo_only_{reply.code}",
        section=Section.HELO,
        staged=f'The server answers EHLO with "{reply.text}", and HELO as it must.',
        kind=Kind.HARMLESS,
        hosts=(Host(rules=(Rule(Stage.EHLO, reply, extended=True),), extensions=()),),
        witness=fault_played,
    )


def _content(name: str, section: Section, staged: str, special: Special, *hosts: Host) -> FailureMode:
    return FailureMode(
        name=name,
        section=section,
        staged=staged,
        kind=Kind.CONTENT,
        hosts=hosts,
        tls=_ENCRYPTED if any(host.tls for host in hosts) else TlsRule(),
        message=Message(special=special),
        witness=delivered,
    )


_WITHOUT_8BIT = offer_without("8BITMIME", "SMTPUTF8")
_TEXT = Special(body="Gr\u00fc\u00dfe aus K\u00f6ln\r\n".encode(), eight_bit=True)
_EIGHT_BIT = (
    _content(
        "eight_bit_offered_under_tls",
        Section.CONTENT,
        "The text is UTF-8, submitted with BODY=8BITMIME; the connector requires TLS, and the server offers 8BITMIME "
        "under TLS and not in clear.",
        _TEXT,
        Host(extensions=_WITHOUT_8BIT, tls=ServerTls(extensions=OFFER)),
    ),
    _content(
        "eight_bit_offered_in_clear",
        Section.CONTENT,
        "The text is UTF-8, submitted with BODY=8BITMIME; the connector requires TLS, and the server offers 8BITMIME "
        "in clear and not under TLS.",
        _TEXT,
        Host(tls=ServerTls(extensions=_WITHOUT_8BIT)),
    ),
)

_WITHOUT_DSN = Host(extensions=offer_without("DSN"))
_WISHES = {
    "success": Dsn(
        notify="SUCCESS,FAILURE,DELAY",
        ret="HDRS",
        envid="QQ+2B314159",
        orcpt="rfc822;First+2BLast@origin.test",
    ),
    "never": Dsn(notify="NEVER", envid="QQ314159"),
    "nothing": Dsn(ret="FULL", orcpt="rfc822;other@origin.test"),
}
# As long as they may be (RFC 3461 section 4.4, and RFC 5321 section 4.5.3.1 of the address in ORCPT): RCPT has more
# octets than any command had before there were extensions (section 4.5.3.1.4).
_LONGEST_WISH = Dsn(
    notify="SUCCESS,FAILURE,DELAY",
    envid="Q" * 100,
    orcpt=f"rfc822;{'+2B' * 64}@{'.'.join(['d' * 45] * 4)}.test",
)


def _wish(name: str, *, dsn_offered: bool) -> FailureMode:
    wish = _WISHES[name]
    given = " ".join(filter(None, (wish.of_rcpt.strip(), wish.of_mail.strip())))
    offers = "offers" if dsn_offered else "does not offer"
    return _content(
        f"dsn_{'passed_on' if dsn_offered else 'not_offered'}_{name}",
        Section.CONTENT,
        f"Submitted with {given}; the server {offers} DSN.",
        Special(dsn=wish),
        Host() if dsn_offered else _WITHOUT_DSN,
    )


_WITHOUT_UTF8 = Host(extensions=offer_without("SMTPUTF8"))
_INTERNATIONAL = {
    "header": (
        "A field of the header is UTF-8",
        Special(fields=("X-Greeting: Gr\u00fc\u00dfe".encode(),), utf8=True),
    ),
    "address": ("The recipient's local part is UTF-8", Special(local="gr\u00fc\u00dfe", utf8=True)),
    "sender": ("The sender's local part is UTF-8", Special(sender="gr\u00fc\u00dfe-{label}", utf8=True)),
}
_WHERE = {
    "offered": ("the server offers that", (Host(),)),
    "not_offered": ("the server does not offer that", (_WITHOUT_UTF8,)),
    "offered_by_the_second": ("of two servers the second alone offers that", (_WITHOUT_UTF8, Host())),
}


def _u_labels(where: str) -> FailureMode:
    """By MX: that both spellings are one domain, DNS says (RFC 5891 section 5), and of a connector nobody."""
    offers, hosts = _WHERE[where]
    mode = _content(
        f"idn_{where}",
        Section.UTF8,
        "The recipient's domain has a label beyond ASCII, handed over as it is written (U-label) with SMTPUTF8; "
        f"{offers}.",
        Special(idn=True, u_labels=True, utf8=True),
        *hosts,
    )
    return replace(mode, routing=MxRouting())


def _international(what: str, where: str) -> FailureMode:
    (staged, special), (offers, hosts) = _INTERNATIONAL[what], _WHERE[where]
    return _content(
        f"utf8_{what}_{where}", Section.UTF8, f"{staged}, submitted with SMTPUTF8; {offers}.", special, *hosts
    )


MODES = (
    *map(_offers, OFFERS),
    *_SIZES,
    *_FURTHER,
    _helo(Reply(500, "Command not recognized")),
    _helo(Reply(502, "Command not implemented")),
    *_EIGHT_BIT,
    *(_wish(name, dsn_offered=each) for each in (True, False) for name in _WISHES),
    _content(
        "dsn_passed_on_longest",
        Section.CONTENT,
        "Submitted with an ENVID and, for a recipient with a path of 200 octets, an ORCPT as long as they may be; the "
        "server offers DSN.",
        Special(dsn=_LONGEST_WISH, path=200),
        Host(),
    ),
    *(_international(what, where) for what in _INTERNATIONAL for where in _WHERE),
    *map(_u_labels, ("offered", "not_offered")),
)
