"""The namespace lab: a network with nothing in it but this suite.

A process started with `prefix()` before its command has its own network, mounts, host name, shared memory and
process ids. Its network is the loopback device alone: there is no default route, so no packet leaves, and any
address of `ADDRESSES` can be bound, port 25 and port 53 included. Relays take those addresses for the wide
world, which they do not do with 127.0.0.0/8.

The command is process 1 of its namespace: when it ends, or when whoever started it is gone (kill -9
included), the kernel kills everything inside. `unshare` passes on no signal but SIGKILL.

This file needs the standard library only, so that the trial run can start it by its path. By hand::

    $(python -m conformance.lab.namespace) python -m conformance.lab.namespace COMMAND ...
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

ADDRESSES = "10.77.0.0/16"
"""Every address of this network belongs to the lab's loopback device."""

IPV6_ADDRESSES = "fd77::/64"
"""The same of IPv6 (RFC 4193: a unique local prefix)."""

NETWORKS = (ADDRESSES, IPV6_ADDRESSES, "127.0.0.0/8", "::1/128")
"""Where packets may go; the rest of the world is not there."""

UNREACHABLE = "10.78.0.0/16"
"""Connecting to any address of this network fails at once with EHOSTUNREACH."""

IPV6_UNREACHABLE = "fd78::/64"
"""The same of IPv6, with ENETUNREACH: no route leads there, as where there is no IPv6 at all."""

_TOOLS = {"unshare": "util-linux", "setpriv": "util-linux", "mount": "mount", "ip": "iproute2"}
# Seconds for one trial. Few of them would be enough, but who is root and waits for a processor must not be taken for
# somebody who is not.
_TRIAL = 120.0
_SYSTEM_PATH = "/usr/sbin:/sbin"  # where `ip` lives; not on every user's PATH

# setpriv: the signal must already be armed when unshare starts, and it survives exec.
_COMMON = (
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--net",
    "--mount",
    "--uts",
    "--ipc",
    "--pid",
    "--fork",
)
_ENDING = ("--mount-proc", "--kill-child")

# The ways to become somebody who may mount and configure, best first. Only the first two have more than one
# user inside, which relays that give up root (Postfix, Exim, OpenSMTPD) insist on.
_AS_ROOT: tuple[str, ...] = ()
_SUBORDINATE_USERS = ("--map-root-user", "--map-auto")  # newuidmap and /etc/subuid
_ONE_USER = ("--map-root-user",)


# The host name of the namespace that this process is in, once it is furnished.
_ENTERED: list[str] = []


class _Trial(NamedTuple):
    prefix: list[str]
    problem: str | None


def has_ipv6() -> bool:
    """Return whether this kernel knows IPv6; without it the lab has no IPv6 addresses."""
    return Path("/proc/net/if_inet6").exists()


def unavailable() -> str | None:
    """Return None if the lab can be made here, else why not and what would help.

    The answer comes from a real trial run, made once per process.
    """
    return _trial().problem


def prefix() -> list[str]:
    """Return the words to put before a command so that it runs inside.

    As root nothing but new namespaces is needed. For other users a user namespace makes the caller root
    inside: with the subordinate users of /etc/subuid if `newuidmap` is installed, else with root as the
    only user.

    Raises:
        RuntimeError: The lab is not available here; the message is that of `unavailable`.
    """
    trial = _trial()
    if trial.problem is not None:
        raise RuntimeError(trial.problem)
    return list(trial.prefix)


def enter(*, hostname: str, resolver: str) -> None:
    """Furnish the namespace that this process was started in; call it once, before anything else.

    Brings the loopback device up, claims `ADDRESSES`, makes `UNREACHABLE` unreachable, sets the host name to the
    first label of the one that is given (the whole of it is in /etc/hosts), hides the system's name resolution behind
    private copies of /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf, and its shared memory behind an empty
    /dev/shm. Nothing else of the file system changes.

    Args:
        hostname: The name of the machine inside, a full one.
        resolver: Address of the only name server, port 53.

    Raises:
        RuntimeError: This process was not started with `prefix()`.
        OSError: A step failed; the message names the command and its complaint.
    """
    if os.getpid() != 1 or {name for _, name in socket.if_nameindex()} != {"lo"}:
        raise RuntimeError("not inside the namespace lab: start this process with namespace.prefix()")
    os.environ["PATH"] = _search_path()
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "route", "add", "local", ADDRESSES, "dev", "lo")
    if has_ipv6():
        _run("ip", "-6", "route", "add", "local", IPV6_ADDRESSES, "dev", "lo")
        # unlike an IPv4 address, one that is local by its route alone can be bound only so
        Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1", encoding="ascii")
    _run("ip", "route", "add", "unreachable", UNREACHABLE)
    # Relays that bind port 25 after giving up root need this; it holds in this network only.
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0", encoding="ascii")
    # From a host name with a dot, resolver libraries derive a search list, and ask for names that nobody looked up.
    socket.sethostname(hostname.partition(".")[0])
    _replace_name_resolution(hostname, resolver)
    if Path("/dev/shm").is_dir():  # names in it often bear a process id, and two labs have the same ones
        _run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/dev/shm")
    _ENTERED.append(hostname)


def entered() -> bool:
    """Tell whether this process, or one that it was forked from, has furnished the namespace it is in."""
    return bool(_ENTERED)


def _replace_name_resolution(hostname: str, resolver: str) -> None:
    short = hostname.partition(".")[0]
    names = hostname if short == hostname else f"{hostname} {short}"
    files = {
        # no `search .`: with it the GNU C library asks for every name that fails once more
        "/etc/resolv.conf": f"nameserver {resolver}\noptions timeout:1 attempts:1\n",
        "/etc/hosts": f"127.0.0.1 localhost\n::1 localhost\n127.0.0.1 {names}\n",
    }
    # Without this, glibc could ask systemd-resolved through a socket file, which no network namespace stops.
    switch = Path("/etc/nsswitch.conf")
    if switch.exists():
        text = switch.read_text(encoding="utf-8", errors="surrogateescape")
        files[str(switch)] = re.sub(r"(?m)^hosts:.*$", "hosts: files dns", text)
    missing = [path for path in files if not Path(path).exists()]
    if missing:
        raise FileNotFoundError(f"the namespace lab replaces {' and '.join(missing)}, which must exist")

    scratch = Path(tempfile.mkdtemp(prefix="mailflow-lab-"))
    try:
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(scratch))
        try:
            for path, text in files.items():
                copy = scratch / Path(path).name
                copy.write_text(text, encoding="utf-8", errors="surrogateescape")
                copy.chmod(0o644)
                _run("mount", "--bind", str(copy), path)
        finally:
            _run("umount", str(scratch))  # the bound files stay, though their folder is gone
    finally:
        scratch.rmdir()
    if Path("/run/nscd").is_dir():  # the cache daemon would answer from outside
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run/nscd")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise OSError(f"{shlex.join(command)}: {done.stderr.strip() or f'exit status {done.returncode}'}")


def _search_path() -> str:
    return os.environ.get("PATH", os.defpath) + os.pathsep + _SYSTEM_PATH


@cache
def _trial() -> _Trial:
    if sys.platform != "linux":
        return _Trial([], f"network namespaces exist on Linux only, this is {sys.platform}")
    absent = [tool for tool in _TOOLS if shutil.which(tool, path=_search_path()) is None]
    if absent:
        packages = " ".join(sorted({_TOOLS[tool] for tool in absent}))
        return _Trial([], f"{', '.join(absent)} not found; try: apt-get install {packages}")
    ways = [_SUBORDINATE_USERS, _ONE_USER]
    if os.geteuid() == 0:
        ways.insert(0, _AS_ROOT)
    complaints = []
    for way in ways:
        candidate = [*_COMMON, *way, *_ENDING]
        complaint = _try(candidate)
        if complaint is None:
            return _Trial(candidate, None)
        complaints.append(complaint)
    return _Trial([], f"cannot make a network namespace ({complaints[0]}); {_advice()}")


def _try(candidate: list[str]) -> str | None:
    """Furnish a namespace and leave it at once; return the complaint, or None if it worked."""
    command = [*candidate, sys.executable, "-I", os.path.abspath(__file__), "true"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TRIAL, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return f"the trial run did not end within {_TRIAL:.0f} seconds"
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"


def _advice() -> str:
    if os.geteuid() == 0:
        return "in a container, start it with: docker run --privileged"
    for switch, wanted in (
        ("kernel/apparmor_restrict_unprivileged_userns", "0"),
        ("kernel/unprivileged_userns_clone", "1"),
    ):
        path = Path("/proc/sys") / switch
        if path.exists() and path.read_text(encoding="ascii").strip() != wanted:
            return f"try: sudo sysctl -w {switch.replace('/', '.')}={wanted}"
    if Path("/proc/sys/user/max_user_namespaces").read_text(encoding="ascii").strip() == "0":
        return "try: sudo sysctl -w user.max_user_namespaces=10000"
    return "try it as root, or in a container started with: docker run --privileged"


def _main(command: list[str]) -> None:
    """Without a command print the prefix; with one furnish the namespace and become that command."""
    if not command:
        print(shlex.join(prefix()))
        return
    enter(hostname="relay.test", resolver="10.77.0.53")
    os.execvp(command[0], command)


if __name__ == "__main__":
    _main(sys.argv[1:])
