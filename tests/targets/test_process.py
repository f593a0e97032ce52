import asyncio
import os
import select
import signal
import sys
from pathlib import Path

import pytest

from conformance.lab import namespace
from conformance.target import Address, TargetError
from conformance.targets.process import free_port, last_words, log_tail, spawn, wait_for_port

SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    while True:
        connection, _ = server.accept()
        connection.sendall(sys.argv[3].encode() + b"\\r\\n")
        connection.close()
"""


def _python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


async def test_a_server_is_ready_when_it_greets_and_gone_when_stopped(tmp_path: Path) -> None:
    address = Address("127.0.0.1", free_port("127.0.0.1"))
    command = _python(SERVER, address.host, str(address.port), "220 relay.test")
    process = await spawn(command, cwd=tmp_path, log=tmp_path / "log")
    try:
        await wait_for_port(address, 10, process, greeting=b"220")
        assert process.alive
        assert os.getsid(process.pid) == process.pid
    finally:
        await process.stop()
    assert not process.alive
    assert free_port(address.host)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    await process.stop()


async def test_a_wrong_greeting_is_not_readiness(tmp_path: Path) -> None:
    address = Address("127.0.0.1", free_port("127.0.0.1"))
    command = _python(SERVER, address.host, str(address.port), "554 no")
    process = await spawn(command, cwd=tmp_path, log=tmp_path / "log")
    try:
        with pytest.raises(TargetError, match="not ready after 1 s"):
            await wait_for_port(address, 1, process, greeting=b"220")
    finally:
        await process.stop()


async def test_a_relay_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = await spawn(
        _python("import sys; print('some noise'); sys.exit('bad configuration: line 7')"),
        cwd=tmp_path,
        log=tmp_path / "log",
    )
    with pytest.raises(TargetError, match="ended with exit status 1 before it was ready") as caught:
        await wait_for_port(Address("127.0.0.1", free_port("127.0.0.1")), 10, process)
    assert caught.value.log.splitlines()[-1] in {"bad configuration: line 7", "some noise"}
    assert "bad configuration: line 7" in caught.value.log
    assert sys.executable in caught.value.hint
    await process.stop()


async def test_the_hint_leads_into_the_lab_where_the_relay_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await spawn(_python("pass"), cwd=tmp_path, log=tmp_path / "log")
    for inside, begins in ((False, sys.executable), (True, "$(python -m conformance.lab.namespace) ")):
        monkeypatch.setattr(namespace, "entered", lambda inside=inside: inside)
        with pytest.raises(TargetError) as caught:
            await wait_for_port(Address("127.0.0.1", free_port("127.0.0.1")), 10, process)
        assert caught.value.hint.startswith(f"Start it by hand to see more: {begins}")
    await process.stop()


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        ({}, ""),
        ({"SPOOL": "/a b"}, "env 'SPOOL=/a b' "),
        ({"SHARED": "other"}, "env SHARED=other "),
        ({"SHARED": None}, "env -u SHARED "),
    ],
)
async def test_the_hint_has_the_environment_of_the_relay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str | None], begins: str
) -> None:
    """Before, the command alone was told: a relay that finds its configuration by a variable started as another."""
    monkeypatch.setenv("SHARED", "here")
    env = {name: value for name, value in {**os.environ, **changed}.items() if value is not None}
    process = await spawn(_python("pass"), cwd=tmp_path, log=tmp_path / "log", env=env)
    with pytest.raises(TargetError) as caught:
        await process.wait_ready(_never, 60)
    assert caught.value.hint.startswith(f"Start it by hand to see more: {begins}{sys.executable} ")
    await process.stop()


async def test_the_hint_of_a_relay_with_an_environment_of_its_own(tmp_path: Path) -> None:
    process = await spawn(_python("pass"), cwd=tmp_path, log=tmp_path / "log", env={"HOME": "/x"})
    with pytest.raises(TargetError) as caught:
        await process.wait_ready(_never, 60)
    assert caught.value.hint.startswith(f"Start it by hand to see more: env -i HOME=/x {sys.executable} ")
    await process.stop()


async def _never() -> bool:
    return False


async def test_a_missing_program_is_a_matter_of_installation(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot start no-such-relay") as caught:
        await spawn(["no-such-relay"], cwd=tmp_path, log=tmp_path / "log")
    assert caught.value.installation
    assert caught.value.hint


async def test_a_deaf_relay_and_its_children_are_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork(); os.write(1, b'up\\n'); time.sleep(600)"
    )
    process = await spawn(_python(code), cwd=tmp_path, log=tmp_path / "log", pipe_stdout=True)
    assert process.stdout is not None
    assert [await process.stdout.readline(), await process.stdout.readline()] == [b"up\n", b"up\n"]
    await process.stop(grace=0.1)
    assert process.returncode == -9
    assert await process.stdout.read() == b"", "both writers are gone"


async def test_the_environment_is_exactly_what_was_given(tmp_path: Path) -> None:
    code = "import os; print(sorted(os.environ), os.getcwd(), flush=True)"
    process = await spawn(
        _python(code), cwd=tmp_path, log=tmp_path / "log", env={"TZ": "UTC"}, pipe_stdout=True
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    await process.stop()
    assert "'TZ'" in line
    assert "'HOME'" not in line
    assert str(tmp_path) in line


def test_the_log_tail_is_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert log_tail(log) == ""
    log.write_bytes(b"".join(b"line %d \xff\n" % number for number in range(20000)))
    assert log_tail(log, 2) == "line 19998 \ufffd\nline 19999 \ufffd"


async def test_a_kill_says_no_goodbye_and_takes_the_children_along(tmp_path: Path) -> None:
    parent = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: print("goodbye", flush=True))
code = "import os, signal; print('born', os.getpid(), flush=True); signal.pause()"
subprocess.Popen([sys.executable, "-c", code]).wait()
"""
    log = tmp_path / "log"
    process = await spawn(_python(parent), cwd=tmp_path, log=log)

    async def born() -> bool:
        return log.read_text().endswith("\n")

    try:
        await process.wait_ready(born, 10)
        child = os.pidfd_open(int(log.read_text().split()[1]))
    finally:
        await process.kill()
    assert process.returncode == -signal.SIGKILL
    assert "goodbye" not in log.read_text()
    ended, _, _ = select.select([child], [], [], 10)  # pidfd_open(2): readable when the process has ended
    os.close(child)
    assert ended
    await process.kill()


async def test_the_last_words_are_those_of_a_program_that_ended_by_itself(tmp_path: Path) -> None:
    log = tmp_path / "relay.log"
    process = await spawn([sys.executable, "-c", "print('panic'); exit(66)"], cwd=tmp_path, log=log)
    async with asyncio.timeout(30):
        while process.alive:  # noqa: ASYNC110 - it ends by itself, and tells nobody
            await asyncio.sleep(0.01)
    name = Path(sys.executable).name
    assert last_words(tmp_path) == (f"{name} ended with exit status 66", "panic")
    assert last_words(tmp_path / "another relay") == ("", "")
    await process.stop()
    assert last_words(tmp_path) == ("", "panic"), "what its adapter ended did not end by itself"
