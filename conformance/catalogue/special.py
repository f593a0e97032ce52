"""What may be special about a message: all that the ordinary one is not, each for a failure mode of its own."""

from __future__ import annotations

from dataclasses import dataclass

# Octets of the longest text line and of the longest path that every implementation takes (RFC 5321 sections 4.5.3.1.6,
# with its line end, and 4.5.3.1.3, with its angle brackets).
LONGEST_LINE = 1_000
LONGEST_PATH = 256

# Hosts that a message may have passed, by its Received fields: so many should be let pass, and so many more not
# (RFC 5321 section 6.3).
MANY_HOSTS = 99
TOO_MANY_HOSTS = 300

# The name of a field of ours behind all others, by which it shows whether a header came back to its end.
LAST_FIELD = "X-Last"

# Local part of the recipient of a second message that is forged within the first.
FORGED = "forged"


@dataclass(frozen=True, kw_only=True)
class Dsn:
    """What the sender asks of reports (RFC 3461 section 4), as it stands on the wire; empty: the parameter is left out.

    Attributes:
        notify: NOTIFY.
        ret: RET.
        envid: ENVID, in xtext.
        orcpt: ORCPT, type and xtext.
    """

    notify: str = ""
    ret: str = ""
    envid: str = ""
    orcpt: str = ""

    @property
    def wants_failure(self) -> bool:
        """Whether a failure is to be reported (RFC 3461 section 4.1)."""
        return not self.notify or "FAILURE" in self.notify.split(",")

    @property
    def is_hostile(self) -> bool:
        """Whether an address has a line end that xtext hides: what becomes of it is the relay's affair."""
        return "+0D+0A" in self.orcpt

    @property
    def of_mail(self) -> str:
        """The parameters of MAIL."""
        return f" RET={self.ret}" * bool(self.ret) + f" ENVID={self.envid}" * bool(self.envid)

    @property
    def of_rcpt(self) -> str:
        """The parameters of RCPT."""
        return f" NOTIFY={self.notify}" * bool(self.notify) + f" ORCPT={self.orcpt}" * bool(self.orcpt)


@dataclass(frozen=True, kw_only=True)
class Special:
    """What is not ordinary about a message.

    Attributes:
        body: The body, octet for octet as the recipient is to find it, in place of the ordinary one.
        fields: Further fields of the header, with the line ends within them; `{author}` stands for the address of the
            author, who is not the sender.
        subject: What stands behind the ordinary Subject, with the line ends within it.
        received: Received fields on top of the header, as of so many hosts that it passed.
        local: Local part of the recipient; empty: an ordinary one.
        sender: Local part of the sender, with `{label}` where that of the scenario goes; empty: the label alone.
        idn: Whether the recipient's domain has an internationalized label, in its ASCII form (RFC 5890).
        u_labels: Whether that label is handed over as it is written, beyond ASCII (U-label, RFC 5890 section 2.3.2.1).
        twice: Whether the recipient is given twice.
        null_sender: Whether it has the null reverse-path.
        dsn: What the sender asks of reports; None: nothing.
        sent_back: How many Received fields the next host puts on top of each copy, which it sends back to the relay for
            the same recipient; 0: it does not.
        may_return: Whether no relay need be able to carry it: it may be returned instead.
        path: Octets of the forward-path with its angle brackets; 0: as short as any.
        mixed_case: Whether the local parts of sender and recipient have capital letters.
        utf8: Whether it is internationalized: it has a header field or an address beyond ASCII, and is submitted with
            SMTPUTF8 (RFC 6531).
        eight_bit: Whether it is declared to have 8-bit text (BODY=8BITMIME, RFC 6152).
        over_long: Whether a header field and a line of its body are longer than any line may be (RFC 5321 section
            4.5.3.1.6), so that it is no proper message; another field is behind it.
        bare: Whether some CR or LF stand alone in its body, so that it is no proper message.
        forged_end: What stands before and behind a dot in its body, to be taken for the end of the message by who takes
            something else than CRLF for the end of a line; commands for a second message follow. Empty: nothing.
        literal: Whether the recipient is at the IP address of the first host and at no domain (RFC 5321 section 4.1.3).
        charset: The character set of its text, where it is declared to have 8-bit text.
        header_alone: Whether it ends behind its header, without an empty line (RFC 5322 section 3.5).
        undated: Whether it has no Date field.
        unidentified: Whether it has no Message-ID field.
        rare_forms: Whether the names of its fields are in capital or small letters (RFC 5322 section 1.2.2), and its
            Message-ID stands in a line of its own behind the name of the field (section 2.2.3).
        obliged: Whether every implementation must be able to take it.
    """

    body: bytes | None = None
    fields: tuple[bytes, ...] = ()
    subject: str = ""
    received: int = 0
    local: str = ""
    sender: str = ""
    idn: bool = False
    u_labels: bool = False
    twice: bool = False
    null_sender: bool = False
    dsn: Dsn | None = None
    sent_back: int = 0
    may_return: bool = False
    path: int = 0
    mixed_case: bool = False
    utf8: bool = False
    eight_bit: bool = False
    over_long: bool = False
    bare: bool = False
    forged_end: tuple[bytes, bytes] | None = None
    literal: bool = False
    charset: str = "utf-8"
    header_alone: bool = False
    undated: bool = False
    unidentified: bool = False
    rare_forms: bool = False
    obliged: bool = False

    @property
    def verbatim(self) -> bool:
        """Whether it can only be handed over octet for octet, which takes an SMTP session of ours."""
        lacking = self.header_alone or self.undated or self.unidentified
        odd = self.bare or self.over_long or lacking or self.forged_end is not None
        return odd or self.dsn is not None or self.utf8

    @property
    def circles(self) -> bool:
        """Whether it passed so many hosts, or comes back so often, that it must not go on for ever."""
        return self.sent_back > 0 or self.received >= TOO_MANY_HOSTS
