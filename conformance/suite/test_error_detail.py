"""Each deferral explains itself: a detail beyond code and title, which names the cause."""

import re
from dataclasses import replace

from conformance.evidence.errors_seen import ErrorSeen
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import FAILED, IF_SHOWN, Fate

_BRACKETED_KEY = re.compile(r"\[(?!Message=)[A-Za-z]+=[^\]]*\]")
_STAMP = re.compile(r"\[[^\[\]\s]+ \d{4}-\d\d-\d\dT[0-9:.]+Z [0-9A-Fa-f]+\]")
_ADDRESS = re.compile(r"\[?\b\d{1,3}(?:\.\d{1,3}){3}\]?(?::\d+)?")
# A word, or a number that stands alone (a socket error); `DT=0s` explains nothing.
_WORD = re.compile(r"[A-Za-z]{4,}|\b\d{3,5}\b")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")


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
    named = [word for word in case.mode.explained_by if _says(told, word)]
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


def _says(detail: str, word: str) -> bool:
    """Tell whether a detail has a word; a number counts only if it stands alone."""
    if word.isdigit():
        return re.search(rf"(?<!\d){word}(?!\d)", detail) is not None
    return _NOT_PLAIN.sub("", word.lower()) in _NOT_PLAIN.sub("", detail.lower())


def _detail(case: Case, error: ErrorSeen, titles: list[str]) -> str:
    """Return what is left of an error once everything that explains nothing is taken away.

    Names go first: those of our servers, domains and addresses tell what was staged, and the relay only repeats them.
    """
    text = _STAMP.sub(" ", _BRACKETED_KEY.sub(" ", error.codes.rest))
    for name in _given_names(case):
        if name.lower() not in text.lower():
            continue  # each name is a pattern of its own, and costs much to compile
        text = re.sub(rf"{re.escape(name)}(?::\d+)?", " ", text, flags=re.IGNORECASE)
    text = _ADDRESS.sub(" ", text).replace("Message=", " ")
    text = re.sub(r"[\[\]():;,.\s]+", " ", text).strip()
    # a title is one only where it stands first; elsewhere the same words are the explanation
    for title in sorted(titles, key=len, reverse=True):
        if re.match(rf"{re.escape(title)}(?!\w)", text, re.IGNORECASE):
            return text[len(title) :].strip()
    return text


def _given_names(case: Case) -> list[str]:
    """Return every name that we gave, longest first."""
    staged = case.evidence.staged
    names = {staged.domain, staged.sender, staged.recipient, staged.scenario, staged.failure_mode}
    names |= {name for site in staged.sites for name in (site.name, site.host)}
    return sorted(names, key=len, reverse=True)
