"""What the remote server itself said is shown in its own words."""

import re

from conformance.catalogue.section import Section
from conformance.evidence import codes
from conformance.judging.aspect import Case, Course, FailureMode, Finding, aspect
from conformance.judging.fate import FAILED, IF_SHOWN, Fate

_NOT_PLAIN = re.compile(r"[^a-z0-9]")


def _replied(mode: FailureMode, _course: Course) -> bool:
    return mode.section is Section.TRANSIENT_REPLIES and mode.refusal.reply is not None


@aspect(
    Course.HEALED,
    where=_replied,
    place=450,
    fates=FAILED,
    partly={Fate.VANISHED: IF_SHOWN},
    requirements={"words": "replies/words-kept"},
)
def test_reply_kept(case: Case) -> list[Finding]:
    """The last error shown has the words of every line of the reply, whatever stands around them.

    Shown in one place is shown: where a log has a line for each error, the whole of it stands in the queue.
    """
    assert case.mode.refusal.reply is not None
    case.must_show_an_error(see="error_code")
    lines = [codes.read(line).rest for line in case.mode.refusal.reply.lines]
    last = case.last_errors
    said = [_plain(error.text + error.words) for error in last]
    missing = min(([line for line in lines if _plain(line) not in each] for each in said or [""]), key=len)
    shown = last[0].text if last else ""
    return [
        case.finding(
            "reply_kept.words",
            holds=not missing,
            expected=f"an error with the words {' / '.join(lines)}",
            observed=f"without {' / '.join(missing)}: {shown or 'no error was shown'}" if missing else shown,
        )
    ]


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub("", text.lower())
