"""Each deferral explains itself: a detail beyond code and title, which names the cause."""

import re
from dataclasses import replace

from conformance.evidence.errors_seen import ErrorSeen
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.explained import says, without_names
from conformance.judging.fate import FAILED, IF_SHOWN, Fate

_BRACKETED_KEY = re.compile(r"\[(?!Message=)[A-Za-z]+=[^\]]*\]")
_STAMP = re.compile(r"\[[^\[\]\s]+ \d{4}-\d\d-\d\dT[0-9:.]+Z [0-9A-Fa-f]+\]")
# A word, or a number that stands alone (a socket error); `DT=0s` explains nothing.
_WORD = re.compile(r"[A-Za-z]{4,}|\b\d{3,5}\b")


@aspect(
    Course.HEALED,
    place=320,
    fates=FAILED,
    partly={Fate.VANISHED: IF_SHOWN},
    requirements={"present": "error/detail", "cause": "error/detail-names-cause"},
)
def test_error_detail(case: Case) -> list[Finding]:
    """The last error shown has a detail, and the detail names the cause."""
    case.must_show_an_error(see="error_code")
    if not case.errors:
        return [_none_shown(case)]
    error = case.errors[-1]
    accepted = case.profile.accepted(case.mode, case.outcome)
    detail = _detail(case, error, accepted.titles if accepted else [])
    # a report explains in its fields, or to people
    told = f"{detail} {_detail(case, replace(error, text=error.words, code='', status=''), [])}"
    named = [word for word in case.mode.explained_by if says(told, word)]
    # what names the cause explains, however short it is ("no TLS")
    present = bool(named) or _WORD.search(detail) is not None
    findings = [
        case.finding(
            "error_detail.present",
            holds=present,
            expected="an explanation beyond the code, the title and the destination server",
            observed=f"detail {detail!r} ({error.shown})",
        )
    ]
    if present:  # else that it names no cause is the same once more
        findings.append(
            case.finding(
                "error_detail.cause",
                holds=bool(named),
                expected=f"a detail with one of the words {', '.join(case.mode.explained_by)}",
                observed=f"detail {detail!r} ({error.shown})",
            )
        )
    return findings


def _none_shown(case: Case) -> Finding:
    return case.finding(
        "error_detail.present",
        holds=False,
        expected="an error with an explanation",
        observed="no error was shown, neither in events nor in the queue nor in an NDR",
    )


def _detail(case: Case, error: ErrorSeen, titles: list[str]) -> str:
    """Return what is left of an error once everything that explains nothing is taken away.

    Names go first: those of our servers, domains and addresses tell what was staged, and the relay only repeats them.
    """
    text = _STAMP.sub(" ", _BRACKETED_KEY.sub(" ", error.codes.rest))
    text = without_names(case, text).replace("Message=", " ")
    text = re.sub(r"[\[\]():;,.\s]+", " ", text).strip()
    # a title is one only where it stands first; elsewhere the same words are the explanation
    for title in sorted(titles, key=len, reverse=True):
        if re.match(rf"{re.escape(title)}(?!\w)", text, re.IGNORECASE):
            return text[len(title) :].strip()
    return text
