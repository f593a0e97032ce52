"""Where a failure mode belongs: the sections of the source document, and what it does not speak of.

A new section is one line here. The order is that of the page `docs/failure-modes.md`; the values are printed in
reports, select with `-k`, and are what profiles write in `sections`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Section(StrEnum):
    """A section, with its heading.

    Attributes:
        heading: What the page of failure modes calls it.
    """

    heading: str

    def __new__(cls, value: str, heading: str) -> Self:
        """Make a member of its value and its heading."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.heading = heading
        return member

    CONTROL = "control", "Positive controls"
    # error codes of the source document, "Mail flow intelligence in EOP"
    DNS_QUERY_FAILED = "4.4.312", "450 4.4.312 DNS query failed"
    CONNECTION_TIMED_OUT = "4.4.315", "450 4.4.315 Connection timed out"
    CONNECTION_REFUSED = "4.4.316", "450 4.4.316 Connection refused"
    CANNOT_CONNECT = "4.4.317", "450 4.4.317 Cannot connect to remote server"
    CLOSED_ABRUPTLY = "4.4.318", "450 4.4.318 Connection was closed abruptly"
    CERTIFICATE = "4.7.320", "450 4.7.320 Certificate validation failed"
    # its "Other error codes"
    TRANSIENT_REPLIES = "4yz", "Other error codes: transient replies"
    CLOSING_421 = "421", "Other error codes: 421 in mid-session"
    POSITIVE_REPLIES = "2yz", "Other error codes: unusual positive replies"
    GREYLISTING = "greylisting", "Other error codes: greylisting"
    TOO_MANY_452 = "452", "Other error codes: too many recipients, 452"
    TOO_MANY_552 = "552", "Other error codes: 552 for one of several recipients"
    SEVERAL_DOMAINS = "several-domains", "Several recipients in several domains"
    PERMANENT_REPLIES = "5yz", "Other error codes: permanent replies"
    # what it does not speak of
    SILENT = "silent", "A server that falls silent in mid-session"
    SILENT_OPENING = "silent opening", "A server that falls silent before the session stands"
    DROPPED_IN_TLS = "dropped in TLS", "A connection that is dropped around STARTTLS"
    ODD = "odd", "Replies that are no SMTP"
    WRONG_CODE = "wrong code", "Replies that are positive and not the one that is due"
    ODD_BESIDE = "odd-beside", "Replies that are no answer, for one of several recipients"
    BEARABLE = "bearable", "Replies that are odd and can be borne"
    OFFERS = "offers", "What servers offer"
    OFFERS_MANY = "offers-many", "What servers offer, in very many lines"
    HELO = "helo", "Servers that know HELO only"
    READS_SLOWLY = "reads-slowly", "A server that takes the content slowly"
    QUIT = "QUIT", "Whatever happens once the message was taken"
    EARLY = "early", "A positive reply before the message is through"
    REFUSED_AMID = "5yz-amid", "A refusal amid the content"
    REFUSED_LOST = "5yz-lost", "A refusal, and then the connection is lost"
    DNS = "dns", "DNS answers that take a detour"
    DNS_FAMILY = "dns-family", "One address family that fails"
    MX_NULL = "mx-null", "Null MX"
    MX_SELF = "mx-self", "The relay itself in the MX records"
    MX_ALIAS = "mx-alias", "A recipient domain that is an alias"
    MX_PREFERENCE = "mx-preference", "MX preferences"
    HOSTS = "hosts", "Several hosts: the next one"
    ADDRESSES = "addresses", "Several addresses of one host"
    HOSTS_4YZ = "hosts-4yz", "Several hosts: the next one after a 4yz reply"
    TLS = "tls", "TLS ladder: certificates in order"
    TLS_OPPORTUNISTIC = "tls-opportunistic", "TLS ladder: opportunistic"
    TLS_ENCRYPTION_ONLY = "tls-encryption_only", "TLS ladder: encryption only"
    TLS_CERTIFICATE_VALIDATION = "tls-certificate_validation", "TLS ladder: certificate validation"
    TLS_WILDCARD = "tls-wildcard", "TLS ladder: wildcards"
    TLS_DOMAIN = "tls-domain", "TLS ladder: the connector's own name for the certificate"
    TLS_IP = "tls-ip", "TLS ladder: IP addresses"
    TLS_IDENTITY = "tls-identity", "TLS identity: whom a certificate is for"
    TLS_MX = "tls-mx", "TLS identity: mail exchangers"
    TLS_CHAIN = "tls-several-chains", "TLS identity: several chains"
    TLS_VERSIONS = "tls-versions", "What servers do in TLS"
    TLS_FALLBACK = "tls-fallback", "TLS in trouble where none is required"
    TLS_UNOFFERED = "tls-unoffered", "STARTTLS that nobody offered"
    TLS_FORGETS = "tls-forgets", "What EHLO offered before TLS"
    UTF8 = "smtputf8", "Content: internationalized mail"
    CONTENT_SIZE = "content-size", "Content: what everybody must be able to take"
    CONTENT = "content", "Content: messages that are not ordinary"
    ADDRESS_LITERAL = "address-literal", "A recipient at an address, and at no domain"
    BARE = "content-bare", "Content: bare CR and LF, and lines that are too long"
    SMUGGLING = "content-smuggling", "Content: a second message, forged within the first"
    HOPS = "content-hops", "Content: messages that have passed many hosts, or go around"
    REPORT = "report", "The report: what it says"
    WAY_BACK = "way-back", "The report: what becomes of it on its way back"
    BATCH = "batch", "Several messages for one destination"
    REUSED = "reused", "Connections that are used again: what was said to the message before"
    REUSED_GONE = "reused-gone", "Connections that are used again, and are gone or take no more"
    REUSED_RSET = "reused-rset", "Connections that are used again: RSET refused"
    BACKLOG = "backlog", "Several messages that wait for one destination"
    KILLED = "killed", "The relay itself is killed"
    AMID = "amid", "What falls into an attempt"
    SCHEDULE = "schedule", "Fault schedules: one fault after another"
