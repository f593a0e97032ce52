"""Each deferral explains itself: a detail beyond code and title, which names the cause."""

import re

from conformance.aspect import Case, Course, Finding, aspect, read_codes
from conformance.evidence import ErrorSeen

_BRACKETED_KEY = re.compile(r"\[(?!Message=)[A-Za-z]+=[^\]]*\]")
_STAMP = re.compile(r"\[[^\[\]\s]+ \d{4}-\d\d-\d\dT[0-9:.]+Z [0-9A-Fa-f]+\]")
_ADDRESS = re.compile(r"\[?\b\d{1,3}(?:\.\d{1,3}){3}\]?(?::\d+)?")
_WORD = re.compile(r"[A-Za-z]{2,}|\d{3,}")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")


@aspect(Course.HEALED, slots=("present", "cause"))
def test_error_detail(case: Case) -> list[Finding]:
    """The last error shown has a detail, and the detail names the cause."""
    if not case.errors:
        return [_none_shown(case)]
    error = case.errors[-1]
    accepted = case.profile.accepted(case.mode, case.outcome)
    detail = _detail(case, error, accepted.titles if accepted else [])
    plain = _NOT_PLAIN.sub("", error.text.lower())
    named = [word for word in case.mode.explained_by if word in plain]
    return [
        case.finding(
            "error_detail.present",
            holds=bool(_WORD.search(detail)),
            expected="an explanation beyond the code, the title and the destination server",
            observed=f"detail {detail.strip()!r} ({error.source}: {error.text})",
        ),
        case.finding(
            "error_detail.cause",
            holds=bool(named),
            expected=f"one of the words {', '.join(case.mode.explained_by)}",
            observed=f"{error.source}: {error.text}",
        ),
    ]


def _none_shown(case: Case) -> Finding:
    return case.finding(
        "error_detail.present",
        holds=False,
        expected="an error with an explanation",
        observed="no error was shown, neither in events nor in the queue nor in an NDR",
    )


def _detail(case: Case, error: ErrorSeen, titles: list[str]) -> str:
    """Return what is left of an error once everything that explains nothing is taken away."""
    text = read_codes(error).rest
    for title in titles:
        text = re.sub(re.escape(title), " ", text, count=1, flags=re.IGNORECASE)
    text = _STAMP.sub(" ", _BRACKETED_KEY.sub(" ", text))
    for site in case.evidence.staged.sites:
        text = text.replace(site.name, " ").replace(site.host, " ")
    text = text.replace(case.evidence.staged.domain, " ").replace("Message=", " ")
    return re.sub(r"[\[\]():;,.\s]+", " ", _ADDRESS.sub(" ", text))
