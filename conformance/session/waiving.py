"""Which waivers a run has: those of the file that is named, found in the project, or known of a built-in target."""

from __future__ import annotations

from pathlib import Path

from conformance.catalogue import profile as profiles
from conformance.judging.waivable import check_waivable
from conformance.report.results import Results
from conformance.suite import ASPECTS, profile_of
from conformance.waivers import KNOWN_FILES, NAME, Waivers, load

OPTION = "--conformance-waivers"
WRITE = "--conformance-write-waivers"
# In place of a file: none is used, whatever lies in the project.
NONE = "none"
# In place of a file: the one that comes with the suite for a built-in target.
KNOWN = "known"


def waivers_for(
    given: str | None, *, start: Path, root: Path, target: str, profile: str
) -> tuple[Waivers | None, str]:
    """Return the waivers of a run, and why a file that was found is left alone; None and empty: there are none for it.

    Args:
        given: What the option names, a file or one of the words above; None: it was not given.
        start: The folder to which that is relative.
        root: The project, where a file may be found.
        target: The relay, by the name that its adapter has.
        profile: What is accepted.

    Raises:
        WaiverError: The file cannot be used.
        ValueError: The file that is named is about another relay or profile; one that was found is left alone then. Or
            nothing is known of this target.
    """
    if given == NONE or (given is None and not (root / NAME).exists()):
        return None, ""
    if given == KNOWN:
        path, shown = _known(target)
    else:
        path = root / NAME if given is None else start / given
        shown = path.relative_to(start) if path.is_relative_to(start) else path
    waivers = load(path, aspects=[aspect.name for aspect in ASPECTS], shown=shown)
    names = (waivers.profile,) if waivers.profile else profiles.NAMES
    check_waivable(waivers, ASPECTS, [profile_of(name) for name in names])
    if waivers.is_about(target, profile):
        return waivers, ""
    about = [
        f"{key} {value}" for key, value in (("target", waivers.target), ("profile", waivers.profile)) if value
    ]
    why = f"is about {' and '.join(about)}, and this run about target {target} and profile {profile}"
    if given is None:
        return None, f"conformance: waivers {shown} left alone: it {why}"
    raise ValueError(f"{given} {why}")


def _known(target: str) -> tuple[Path, Path]:
    """Return the file that comes with the suite for a target, and how a reader is told of it."""
    path = KNOWN_FILES / f"{target}.toml"
    if not path.exists():
        there = ", ".join(sorted(file.stem for file in KNOWN_FILES.glob("*.toml")))
        raise ValueError(f"nothing is known of target {target}, but of {there}")
    return path, Path("conformance", "waivers", KNOWN_FILES.name, path.name)


def name_of(run: Results) -> str:
    """Return the name of the relay of a run, as its adapter has it, or the record that is judged again."""
    return run.target.name if run.target is not None else run.name
