"""What is another one each time that the same is seen in the same test: times, ports, ids, how often within a window.

Nothing else is: another code, host, number of copies or word is something else that was seen. What is the same in
*another test* is asked elsewhere (`judging/systematic.py`), where hosts and the relay's words say nothing either.
"""

from __future__ import annotations

import re

from fake_servers.printable import printable

# Stands in what was observed for what is another one each time.
REMOVED = "_"

_EACH_TIME = re.compile(
    r"""
      \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\b   # dates
    | (?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\ +)?\b\d{1,2}\ (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)
      \ \d{4}(?:\ \d\d:\d\d(?::\d\d)?)?\b
    | \b\d\d:\d\d:\d\d\b
    | (?:(?<=\ )-)?\b\d+(?:\.\d+)?\ (?:s|ms|min|h|%|seconds?|minutes?|hours?)(?!\w)    # times, as many as there are
      (?:(?:,|\ to|)\ -?\d+(?:\.\d+)?\ (?:s|ms|min|h)(?!\w))*(?:,\ \.\.\.)?
    | \b\d+\.\d+(?=\ of\ a\ processor\b)
    | \b(?:\d+\ of\ \d+|[1-9]\d*)(?=\ (?:attempts?|looks?|connections?)\b)             # how often within a window
    | \#\d+(?![\w-])                                                                     # the number of a connection
    | \b(?:\d+\.){3}\d+(?:[:@]\d+)?                                                    # an address, its port
    | (?<=\.test:)\d+
    | (?<=\bport\ )\d+
    | (?<![\w.@-])(?:                                                                  # what a queue calls a message:
        (?=[0-9A-F]*[A-F])(?=[A-F]*\d)[0-9A-F]{8,}                                     # Postfix, the reference relay
      | (?=[0-9a-f]*[a-f])(?=[a-f]*\d)[0-9a-f]{8,}                                     # OpenSMTPD
      | [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?:\.\d+)?                 # Haraka
      | 1[0-9A-Za-z]{5}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}                             # Exim
      | [0-9A-Za-z]{8}\d{6}                                                            # Sendmail
      )(?![\w@-]|\.\w)
    | (?<=\bTesting\ cert\ \#)[\w-]+                                                    # the lab's certificates
    """,
    re.VERBOSE,
)
# Gaps between attempts have their unit behind the last one.
_GAPS = re.compile(r"(?<=\bgaps of )(?:\d+(?:\.\d+)?(?: to |, ))+(?=\d+(?:\.\d+)? (?:s|min|h)\b)")
# One attempt today, two tomorrow.
_SINGULAR = re.compile(r"\b_ (?:attempt|look|connection)\b")


def without_times(observed: str) -> str:
    """Return what was observed without what is another one each time; `_` stands in its place, also for several."""
    return _plural(_EACH_TIME.sub(REMOVED, _GAPS.sub("", _spelled(observed))))


def matching(pattern: str) -> str:
    """Return a pattern for that, as somebody wrote it, in the form in which it is compared."""
    return _plural(_spelled(pattern))


def _spelled(text: str) -> str:
    return " ".join(printable(text).split())


def _plural(text: str) -> str:
    return _SINGULAR.sub(r"\g<0>s", text)
