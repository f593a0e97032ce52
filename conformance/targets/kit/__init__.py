"""What adapters are made of: import it from here.

    from conformance.targets.kit import Daemons, PatternLog, ProcessRelay, granted, queued

For every relay: `ProcessRelay` (fill in how it starts and who waits), `Daemons` (its processes), `PatternLog` and
`Line` (events from a log), `queued` (who waits, from a listing) and `queued_in` (from files), `granted` (what it
grants), `possible` (what can be offered on this machine), `run` (a command).

For one that has fixed paths, users or syslog, in the namespace lab: `view`, with what was unpacked by
`mailflow-conformance unpack` and is found by `find`; `check_lab`, `listening`, `own_addresses`.
"""

from conformance.targets.faketime import Clock
from conformance.targets.kit.command import environment, run, search_path
from conformance.targets.kit.daemons import Daemons
from conformance.targets.kit.lab import check_lab, listening, own_addresses, possible
from conformance.targets.kit.log import EventLog, Tail
from conformance.targets.kit.pattern_log import Line, PatternLog
from conformance.targets.kit.queue import queued, queued_in, texts
from conformance.targets.kit.relay import ProcessRelay
from conformance.targets.kit.schedule import granted, whole_seconds
from conformance.targets.kit.sources import Debian, Npm
from conformance.targets.kit.stamps import seconds_of
from conformance.targets.kit.unpacked import Found, find, version
from conformance.targets.kit.view import View, mount_spool, view
from conformance.targets.process import Process, free_port, spawn, wait_for_port

__all__ = [
    "Clock",
    "Daemons",
    "Debian",
    "EventLog",
    "Found",
    "Line",
    "Npm",
    "PatternLog",
    "Process",
    "ProcessRelay",
    "Tail",
    "View",
    "check_lab",
    "environment",
    "find",
    "free_port",
    "granted",
    "listening",
    "mount_spool",
    "own_addresses",
    "possible",
    "queued",
    "queued_in",
    "run",
    "search_path",
    "seconds_of",
    "spawn",
    "texts",
    "version",
    "view",
    "wait_for_port",
    "whole_seconds",
]
