"""Each deferral names the destination server: the one tried last."""

import re

from conformance.catalogue.section import Section
from conformance.evidence.errors_seen import ErrorSeen
from conformance.evidence.site import Site
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import FAILED, IF_SHOWN, Fate
from conformance.judging.final_report import remote_involved
from conformance.judging.verdict import NotApplicable
from conformance.witness.traces import is_lookup

# Where the host may stand beside the text that was read.
_PLACES = {
    "event": "in the text of the error nor apart from it, in the event's field `destination`",
    "queue": "in the error that the queue shows nor by an event, in its text or in its field `destination`",
}
# The row of those who know no source document: it asks for nobody where nobody was tried.
_SLOT, _WHO_WAS_TRIED = "named", "rfc/remote-host"
_IN_A_REPORT = "in a Remote-MTA field of the report nor in what it says to people"


@aspect(
    Course.HEALED,
    place=330,
    fates=FAILED,
    partly={Fate.VANISHED: IF_SHOWN},
    requirements={_SLOT: "error/destination-server"},
)
def test_destination_server(case: Case) -> list[Finding]:
    """The last error shown names the smart host that was tried last, by name or by address.

    Where mail is routed by MX and a look-up failed, it may be the recipient domain (samples of the live service). Where
    a report is all that was shown, its Remote-MTA counts, and what it says to people. Under the profile rfc nobody need
    be named where no look-up led to an address.
    """
    case.must_show_an_error(see="error_detail")
    expected = _tried_last(case)
    asked = " or ".join(f"{site.name} ({site.host})" if site.host else site.name for site in expected)
    if not case.errors:
        observed, holds = "no error was shown", False
    else:
        error = case.errors[-1]
        # what is recorded apart from the text is the relay's own word; the text may tell of earlier hosts
        named = _named(case, error.destination) or _named(case, error.text)
        named = named or [site for site in expected if _names(error.words, site)]
        if not named and error.is_report and not remote_involved(case):
            raise NotApplicable(
                "a report is all that shows an error, and it has no Remote-MTA where no server was ever connected to"
            )
        if not named and not any(_could_be_known(case, site) for site in expected):
            raise NotApplicable(
                "no server was ever known, since the look-up of the MX records failed, and the error names none"
            )
        if (
            not named
            and case.requirement(f"destination_server.{_SLOT}").id == _WHO_WAS_TRIED
            and _nobody_was(case)
        ):
            raise NotApplicable(
                "no look-up led to an address, so no server was ever tried, and the error names none"
            )
        holds = bool(named) and {site.name for site in named} <= {site.name for site in expected}
        observed = _told(error, named)
    return [
        case.finding(
            f"destination_server.{_SLOT}",
            holds=holds,
            expected=f"the destination server tried last: {asked}",
            observed=observed,
        )
    ]


def _told(error: ErrorSeen, named: list[Site]) -> str:
    """Say what is named, and where; of an error that names none, where it could stand."""
    apart = "Remote-MTA" if error.is_report else "destination"
    if error.destination:
        return f"{apart} {error.destination} ({error.shown})"
    if named:
        return f"{' and '.join(site.name for site in named)}, in the words of the error ({error.shown})"
    return f"no host is named, neither {_PLACES.get(error.source, _IN_A_REPORT)} ({error.shown})"


def _tried_last(case: Case) -> list[Site]:
    """Return the site of the last contact of the attempt that the last error belongs to.

    Before the repair each attempt tries every smart host; where the order may differ from one attempt to the
    next and the error cannot be told apart, each last one is accepted.
    """
    sites = _places(case)
    last = {attempt.contacts[-1].host for attempt in case.attempts}
    if case.mode.mx and case.mode.section is Section.DNS_QUERY_FAILED:
        last.add(case.evidence.staged.domain)
    if len(case.mode.hosts) > 1 and any(host.dns.answer is not None for host in case.mode.hosts):
        # one may look all names up before it goes anywhere, and name that last which it did not find
        last |= {site.name for site in case.evidence.staged.sites}
    return [site for site in sites if site.name in last] or list(sites)


def _could_be_known(case: Case, site: Site) -> bool:
    """Tell whether a look-up can have led to a server; not to one where no mail may go, which stands beside it."""
    barred = [case.evidence.staged.sites[number] for number in case.mode.forbidden]
    return bool(site.host) and site not in barred


def _nobody_was(case: Case) -> bool:
    """Tell whether no server was tried: no look-up led to an address, and each attempt ended with that."""
    contacts = [contact for attempt in case.attempts for contact in attempt.contacts]
    return case.mode.section is Section.DNS_QUERY_FAILED and all(map(is_lookup, contacts))


def _named(case: Case, text: str) -> list[Site]:
    return [site for site in _places(case) if _names(text, site)]


def _places(case: Case) -> list[Site]:
    """Return everything that can be named as the destination server."""
    staged = case.evidence.staged
    domain = [Site(name=staged.domain, host="", port=0)] if case.mode.mx else []
    return [*staged.sites, *domain]


def _names(text: str, site: Site) -> bool:
    for name in filter(None, (site.name, site.host)):
        if name.lower() not in text.lower():
            continue  # each name is a pattern of its own, and costs much to compile
        if re.search(rf"(?<![\w.@-]){re.escape(name)}(?![\w-]|\.\w)", text, re.IGNORECASE):
            return True
    return False
