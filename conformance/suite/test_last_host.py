"""Where every host fails in a way of its own, the error is that of the one tried last."""

from conformance.evidence.codes import Codes
from conformance.judging.aspect import Case, Course, Finding, Outcome, aspect
from conformance.judging.code_check import compare
from conformance.judging.fate import DEFERRED, Fate
from conformance.judging.verdict import Left, NotApplicable

_NOTHING_SAID = Codes(code="", status="", rest="")


@aspect(
    Course.HEALED,
    where=lambda mode, _: any(host.like for host in mode.hosts),
    place=340,
    fates=DEFERRED | {Fate.VANISHED, Fate.RETURNED_WRONGLY, Fate.GIVEN_UP_EARLY},
    requirements={"code": "hosts/last-error"},
)
def test_last_host(case: Case) -> list[Finding]:
    """The last error bears the code that belongs to what the last host did; the order of hosts is the relay's own."""
    errors = [error for error in case.coded if error.own_codes.code or error.own_codes.status]
    if not errors:
        raise NotApplicable("the relay shows no code of its own while the message waits")
    read = errors[-1].own_codes
    last = {attempt.contacts[-1].host for attempt in case.attempts}
    told = {
        site.name: _fitting(case, host.like, read)
        for site, host in zip(case.evidence.staged.sites, case.mode.hosts, strict=False)
    }
    if not any(told.values()) and not case.alone:
        raise Left("the code fits what none of the hosts did", see="error_code")
    return [
        case.finding(
            "last_host.code",
            # where the order may differ between attempts, the error of each last one is in order
            holds=any(told[host] for host in last),
            expected=f"the code for what {' or '.join(sorted(last))} did, which was tried last",
            observed=f"{errors[-1].source}: {errors[-1].text}",
        )
    ]


def _fitting(case: Case, like: str, read: Codes) -> bool:
    """Tell whether a code is one that the profile accepts for a failure mode by itself."""
    accepted = next(each for each in case.profile.rows[like].outcomes if each.outcome is Outcome.DEFERRED)
    findings = [compare(check, read, _NOTHING_SAID) for check in accepted.checks]
    return all(finding.holds for finding in findings if finding is not None)
