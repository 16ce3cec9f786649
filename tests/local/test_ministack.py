"""The local AWS comes up, says why when it does not, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import LocalAwsError
from constructs_lib.local import LocalAws, processes
from constructs_lib.local.install import environment_directory
from tests.local.test_toolchain import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # only ever waited for when something is wrong

pytestmark = pytest.mark.local

HOLDER = """
import sys, time
from constructs_lib.local import LocalAws
with LocalAws.start() as local:
    print(local.run_directory, *local.pids, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the directory in which run directories are made, with nothing in it."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    monkeypatch.setenv("TMPDIR", str(directory))
    return directory


@pytest.fixture
def holder(environment: Path, temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """Give another process that holds a local AWS open."""
    assert environment.exists()
    assert temporary.exists()
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        yield child
        child.kill()


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def held(child: subprocess.Popen[str]) -> tuple[Path, list[int]]:
    """Return the run directory and the processes that another process holds."""
    assert child.stdout is not None
    directory, *pids = child.stdout.readline().split()
    assert all(processes.is_ours(int(pid), Path(directory)) for pid in pids)
    return Path(directory), [int(pid) for pid in pids]


def gone(directory: Path, pids: list[int]) -> bool:
    """Tell whether neither a process nor a file is left."""
    return not directory.exists() and not any(processes.is_ours(pid, directory) for pid in pids)


def test_it_answers_on_this_machine_only(local: LocalAws) -> None:
    """Both processes listen on 127.0.0.1 and on no other address of the machine."""
    assert local.alive
    for port in (local.port, local.extension_port):
        with (
            pytest.raises(OSError, match="refused"),
            socket.create_connection(("127.0.0.2", port), timeout=5),
        ):
            pass


def test_clients_reach_it(local: LocalAws) -> None:
    """A client of any service and region talks to the local AWS."""
    local.client("sqs", region="eu-west-1").create_queue(QueueName="here")
    (url,) = local.client("sqs", region="eu-west-1").list_queues(QueueNamePrefix="here")["QueueUrls"]
    assert url.startswith(local.endpoint)


def test_nothing_of_the_user_reaches_handlers(local: LocalAws) -> None:
    """MiniStack, whose handlers inherit its environment, gets no variable of the user's own but PATH."""
    environment = Path(f"/proc/{local.pids[0]}/environ")
    if not environment.exists():
        pytest.fail("this test reads /proc")
    own = {tuple(line.split("=", 1)) for line in environment.read_text().split("\0") if line}
    shared = {name for name, _ in own & set(os.environ.items())}
    assert shared <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "PYTHONDONTWRITEBYTECODE"}


def test_invoke_url_of_a_stage(local: LocalAws) -> None:
    """The URL in a stack's outputs becomes the one that answers locally; another URL is refused."""
    url = "https://a1b2.execute-api.eu-west-1.amazonaws.com/dev/"
    assert local.invoke_url(url) == f"{local.endpoint}/restapis/a1b2/dev/_user_request_"
    without_stage = "https://a1b2.execute-api.eu-west-1.amazonaws.com/"
    assert local.invoke_url(without_stage) == f"{local.endpoint}/restapis/a1b2/$default/_user_request_"
    websocket = "wss://a1b2.execute-api.eu-west-1.amazonaws.com/dev"
    assert local.invoke_url(websocket) == f"ws://127.0.0.1:{local.port}/_aws/execute-api/a1b2/dev"
    with pytest.raises(
        LocalAwsError, match=r"got 'https://example\.org/'; allowed: https://<id>\.execute-api"
    ):
        local.invoke_url("https://example.org/")


@pytest.mark.usefixtures("environment")
def test_stop_leaves_nothing(temporary: Path) -> None:
    """After its block there is no process, no file and nothing on the port; stopping again does no harm."""
    with LocalAws.start() as local:
        directory, pids, port = local.run_directory, list(local.pids), local.port
        assert local.alive
    assert gone(directory, pids)
    assert list(temporary.iterdir()) == []
    assert processes.choose_port(port) == port
    local.stop()
    assert not local.alive


def test_taken_port_is_named(local: LocalAws) -> None:
    """A port that something uses is named, before anything is started."""
    with pytest.raises(
        LocalAwsError, match=rf"127\.0\.0\.1:{local.port} is taken .*; fix: choose another with --port"
    ):
        LocalAws.start(port=local.port)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_number_that_is_no_port_is_refused(port: int) -> None:
    """A number out of range is refused with the range."""
    with pytest.raises(LocalAwsError, match=rf"got {port}; allowed: 1 to 65535"):
        LocalAws.start(port=port)


@pytest.mark.usefixtures("empty_cache")
def test_last_words_are_shown_when_it_does_not_come_up(temporary: Path) -> None:
    """A MiniStack that ends at once is an error with what it said, and nothing stays behind."""
    program(environment_directory() / "bin" / "python", "ImportError: no module named ministack")
    with pytest.raises(
        LocalAwsError, match=r"(?s)ministack did not come up: it ended with 0; .*ImportError: no module"
    ):
        LocalAws.start()
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("environment")
def test_interrupted_start_leaves_nothing(temporary: Path) -> None:
    """An interrupt between the two processes ends the first."""

    def interrupt(message: str) -> None:
        if "extension" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalAws.start(progress=interrupt)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_the_one_that_started_them(
    holder: subprocess.Popen[str], number: signal.Signals
) -> None:
    """Whether interrupted, terminated or killed outright, the holder takes everything with it."""
    directory, pids = held(holder)
    holder.send_signal(number)
    holder.communicate(timeout=PATIENCE)
    wait_until(lambda: gone(directory, pids))


@pytest.mark.usefixtures("environment")
def test_handlers_end_with_it(temporary: Path) -> None:
    """A handler in the middle of an invocation is ended too."""
    marker = temporary / "handler.pid"
    code = f"import os, time\ndef handler(e, c):\n open({str(marker)!r}, 'w').write(str(os.getpid()))\n time.sleep(60)"
    with LocalAws.start() as local:
        functions = local.client("lambda")
        zipped = _zip(code)
        functions.create_function(
            FunctionName="slow",
            Role="arn:aws:iam::000000000000:role/r",
            Runtime="python3.13",
            Timeout=60,
            Handler="index.handler",
            Code={"ZipFile": zipped},
        )
        functions.invoke(FunctionName="slow", InvocationType="Event")
        wait_until(lambda: marker.exists() and bool(marker.read_text()))
        handler = int(marker.read_text())
        os.kill(handler, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(handler, 0)


@pytest.mark.usefixtures("environment", "temporary")
def test_dead_service_is_not_alive() -> None:
    """A local AWS whose MiniStack was killed by somebody is not alive, and still stops cleanly."""
    with LocalAws.start() as local:
        os.kill(local.pids[0], signal.SIGKILL)
        wait_until(lambda: not local.alive)
        directory, pids = local.run_directory, list(local.pids)
    assert gone(directory, pids)


def test_process_of_somebody_else_is_never_ended(tmp_path: Path) -> None:
    """A process that does not name our run directory is left alone, whatever its number."""
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    ) as other:
        processes.end(other.pid, tmp_path)
        assert other.poll() is None
        other.kill()


def test_health_is_asked_past_a_proxy(local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not come between this process and the local AWS."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert local.alive


def _zip(code: str) -> bytes:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    return packed.getvalue()
