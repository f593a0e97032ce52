"""What a run says of itself before it begins."""

from __future__ import annotations

from conformance.catalogue.versions import newest
from conformance.lab import addresses as labs
from conformance.session.run import Run


def about(run: Run) -> list[str]:
    """Describe a run in two or three lines."""
    if run.target is None:
        given = run.paths if run.parts is None else {path.parent: None for path in run.paths}
        where = f"{'record' if run.parts is None else 'report'} {', '.join(map(str, given))}"
    else:
        where = f"lab {labs.choose(run.lab, frozenset(run.target.capabilities))}"
    version = run.profile.catalogue
    return [
        f"conformance: target {run.name}, {where}",
        f"conformance: profile {run.profile.name} ({run.profile.about})",
        *([f"conformance: catalogue {version}, nothing newer is asked"] if version != newest() else []),
        *run.schedules.about(),
        *([] if run.waivers is None else [run.waivers.about]),
        *([run.left_alone] if run.left_alone else []),
    ]
