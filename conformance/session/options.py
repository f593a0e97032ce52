"""From pytest's options to a run."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.catalogue import profile as profiles
from conformance.catalogue.compressed_day import SHORTEST_DAY
from conformance.catalogue.course import DAY
from conformance.catalogue.profile import Profile
from conformance.catalogue.versions import VersionError
from conformance.evidence.record import RecordError
from conformance.html.file import PageFile
from conformance.lab import addresses as labs
from conformance.report.summary import SummaryFile
from conformance.session.only import Only
from conformance.session.plans import import_path
from conformance.session.reading import read_for_good
from conformance.session.reported import Parts, loaded, together
from conformance.session.run import Run
from conformance.session.sequence_choice import SequenceChoice, staged_in
from conformance.session.shards import OPTION as SHARD
from conformance.session.shards import Shard
from conformance.session.waiver_file import WaiverFile
from conformance.session.waiving import OPTION as WAIVERS
from conformance.session.waiving import WRITE, name_of, waivers_for
from conformance.suite import profile_of
from conformance.targets.resolve import UnknownTarget, resolve
from conformance.waivers import WaiverError
from conformance.wave import plan as planning

# Where GitHub wants the Markdown of a step; what others wrote there stays.
_JOB_SUMMARY = "GITHUB_STEP_SUMMARY"


def open_run(config: pytest.Config) -> Run:
    """Return the run that the options ask for, with its waivers.

    Raises:
        pytest.UsageError: An option is wrong; the text names it and the valid values.
    """
    run = _open_run(config)
    try:
        run.waivers, run.left_alone = waivers_for(
            config.getoption("conformance_waivers"),
            start=config.invocation_params.dir,
            root=config.rootpath,
            target=name_of(run),
            profile=run.profile.name,
        )
    except (WaiverError, ValueError) as error:
        raise pytest.UsageError(f"{WAIVERS}: {error}") from error
    return run


def open_waiver_file(config: pytest.Config) -> WaiverFile | None:
    """Return the file of waivers that is to be written; None: none is.

    Raises:
        pytest.UsageError: It cannot be written.
    """
    given: str | None = config.getoption("conformance_write_waivers")
    if given is None or config.option.collectonly:
        return None
    try:
        return WaiverFile(config.invocation_params.dir / given)
    except ValueError as error:
        raise pytest.UsageError(f"{WRITE}={given}: {error}") from error


def _open_run(config: pytest.Config) -> Run:
    name: str | None = config.getoption("conformance_target")
    replayed: list[str] = config.getoption("conformance_replay")
    lab = config.getoption("conformance_lab") or "auto"
    if lab not in ("auto", *labs.NAMES):
        raise pytest.UsageError(f"--conformance-lab={lab}: there are auto, {', '.join(labs.NAMES)}")
    try:
        version: str | None = config.getoption("conformance_catalogue")
        profile = profile_of(config.getoption("conformance_profile") or profiles.DEFAULT, version)
    except profiles.ProfileError as error:
        raise pytest.UsageError(f"--conformance-profile: {error}") from error
    except VersionError as error:
        raise pytest.UsageError(f"--conformance-catalogue: {error}") from error
    strict = bool(config.getoption("conformance_strict"))
    day = _day(config.getoption("conformance_day"))
    if replayed:
        if name is not None:
            raise pytest.UsageError(
                "--conformance-replay judges a record without the target: leave --target out"
            )
        return _replay(config, [Path(path) for path in replayed], profile, strict)
    assert name is not None
    try:
        target = resolve(name, import_path(config))
    except UnknownTarget as error:
        raise pytest.UsageError(f"--target: {error}") from error
    try:
        schedules = SequenceChoice(
            count=config.getoption("conformance_schedules"),
            seed=config.getoption("conformance_seed"),
            depth=config.getoption("conformance_depth"),
            version=profile.catalogue,
        )
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    only = _only(config, profile)
    return Run(
        name,
        profile,
        strict,
        config,
        target=target,
        lab=lab,
        day=day,
        schedules=schedules,
        only=only,
        once=bool(config.getoption("conformance_once")),
    )


def open_summaries(config: pytest.Config) -> list[SummaryFile]:
    """Return the pages of Markdown that are asked for: by the option, and by GitHub for its job.

    Raises:
        pytest.UsageError: That of the option cannot be written.
    """
    if config.option.collectonly:
        return []
    found: list[SummaryFile] = []
    given: str | None = config.getoption("conformance_summary")
    if given:
        try:
            found.append(SummaryFile(config.invocation_params.dir / given, "--conformance-summary"))
        except OSError as error:
            raise pytest.UsageError(
                f"--conformance-summary={given}: cannot write it: {error.strerror}"
            ) from error
    of_job = os.environ.get(_JOB_SUMMARY)
    if of_job:
        # nobody asked us for it, so a job whose file is not there is no mistake of the command line
        with suppress(OSError):
            found.append(SummaryFile(Path(of_job), _JOB_SUMMARY, append=True))
    return found


def open_page(config: pytest.Config) -> PageFile | None:
    """Return the page of HTML that is asked for; None: none is.

    Raises:
        pytest.UsageError: It cannot be written.
    """
    given: str | None = config.getoption("conformance_html")
    if not given or config.option.collectonly:
        return None
    try:
        return PageFile(config.invocation_params.dir / given)
    except OSError as error:
        raise pytest.UsageError(f"--conformance-html={given}: cannot write it: {error.strerror}") from error


def _only(config: pytest.Config, profile: Profile) -> Only:
    try:
        return Only(config.getoption("conformance_only"), profile)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def _day(given: str | None) -> float:
    if given is None:
        return planning.COMPRESSED_DAY
    try:
        day = float(given)
    except ValueError:
        day = 0.0
    if not SHORTEST_DAY <= day <= DAY:
        raise pytest.UsageError(
            f"--conformance-day={given}: seconds that stand for 24 hours, from {SHORTEST_DAY:.0f} to {DAY:.0f}"
        )
    return day


def open_shard(config: pytest.Config) -> Shard | None:
    """Return the part of the run that is asked for; None: all of it.

    Raises:
        pytest.UsageError: There is no such part.
    """
    given: str | None = config.getoption("conformance_shard")
    if given is None:
        return None
    if config.getoption("conformance_replay"):
        raise pytest.UsageError(f"{SHARD}: what is staged is divided, and records are judged as they are")
    try:
        return Shard.parse(given)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def _replay(config: pytest.Config, given: list[Path], profile: Profile, strict: bool) -> Run:
    parts: Parts | None = None
    try:
        if any(path.is_dir() for path in given):
            parts = loaded(together(given))
            records, paths = list(parts.records), list(parts.paths)
        else:
            records, paths = [read_for_good(path) for path in given], given
        staged = staged_in(records, parts.schedules if parts else ())
    except (RecordError, ValueError) as error:
        raise pytest.UsageError(f"--conformance-replay: {error}") from error
    for path, record in zip(paths, records, strict=True):
        if record.footer is None and not record.is_cut_short:
            raise pytest.UsageError(
                f"--conformance-replay: {path} has no footer, and does not say what it should have; it is of a version "
                "of this suite that wrote nothing of a scenario before the end: run pytest with the target again"
            )
    targets = sorted({record.header.target for record in records})
    if len(targets) > 1:
        raise pytest.UsageError(f"--conformance-replay: records of several targets: {', '.join(targets)}")
    schedules = SequenceChoice(count=0, version=profile.catalogue, staged=staged)
    only = _only(config, profile)
    return Run(
        *(targets[0], profile, strict, config),
        records=records,
        paths=paths,
        parts=parts,
        schedules=schedules,
        only=only,
    )
