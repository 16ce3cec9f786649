"""The local AWS: MiniStack and the extension stand-in, started, watched and surely stopped."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from constructs_lib.errors import LocalAwsError
from constructs_lib.local import install, processes
from constructs_lib.local.processes import HOST
from constructs_lib.local.serve import LEASH

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Progress = Callable[[str], None]

ACCOUNT = "000000000000"  # MiniStack takes a 12-digit access key for the account
REGION = "us-east-1"
START_SECONDS = 30.0  # it takes about 1 s; a loaded machine may need many times that
API_URL = re.compile(
    r"(?P<scheme>https|wss)://(?P<api>[a-z0-9]+)\.execute-api\.[^/]+/((?P<stage>[^/]+)(?P<path>/.*)?)?"
)
_EXTENSION_VARIABLES = ("PARAMETERS_SECRETS_EXTENSION_", "SSM_PARAMETER_STORE_", "SECRETS_MANAGER_")


def silent(_message: str) -> None:
    """Report no progress."""


@dataclass
class LocalAws:
    """A local AWS that is up, on 127.0.0.1, until it is stopped or its process ends.

    As a context manager it lives no longer than its block and its process, however either ends: the children hold a
    pipe to this process and end, with everything they started, when it closes. For one that outlives the process, as
    ``constructs-lib local up`` starts it, see :func:`constructs_lib.local.up`.

    Args:
        port: where the AWS APIs are answered.
        extension_port: where the stand-in for the Parameters and Secrets extension answers.
        region: the region of :meth:`client` and of stacks that name none.
        run_directory: its logs and everything it writes; removed when it stops.
        pids: the processes, MiniStack first.

    Example::

        with LocalAws.start() as local:
            local.client("sqs").list_queues()
    """

    port: int
    extension_port: int
    region: str
    run_directory: Path
    pids: tuple[int, ...] = ()
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def start(
        cls,
        *,
        port: int | None = None,
        region: str = REGION,
        detached: bool = False,
        progress: Progress = silent,
    ) -> Self:
        """Set up what is missing, start both processes and wait until they answer.

        Args:
            port: where to answer; any free port by default.
            region: the region of clients and of stacks that name none.
            detached: whether the processes go on when this one ends.
            progress: told what is being done, one short sentence at a time.

        Raises:
            LocalAwsError: the port is taken, the set-up failed, or a process did not come up (with its last words).
        """
        processes.require_groups()
        chosen = processes.choose_port(port)
        if not install.environment_directory().exists():
            progress("setting up MiniStack, once")
        python = install.ensure_environment()
        run_directory = Path(tempfile.mkdtemp(prefix="constructs-lib-local-"))
        local = cls(chosen, processes.choose_port(None), region, run_directory)
        try:
            local._launch(python, leashed=not detached, progress=progress)
        except BaseException:
            local.stop()
            raise
        return local

    def _launch(self, python: Path, *, leashed: bool, progress: Progress) -> None:
        token = secrets.token_hex(16)
        leash, module = ([LEASH] if leashed else []), "constructs_lib.local"
        serve = Path(__file__).with_name("serve.py")
        directory = str(self.run_directory)
        progress(f"starting MiniStack on {HOST}:{self.port}")
        self._start(
            "ministack",
            [str(python), "-P", str(serve), directory, *leash],
            self._service_environment(token),
            leashed=leashed,
        )
        progress(f"starting the extension stand-in on {HOST}:{self.extension_port}")
        self._start(
            "extension",
            [sys.executable, "-m", f"{module}.extension", directory, *leash],
            self._extension_environment(token),
            leashed=leashed,
        )
        for name, child, url in zip(
            ("ministack", "extension"), self._children, self.health_urls, strict=True
        ):
            self._await(name, child, url)

    def _start(self, name: str, command: list[str], environment: dict[str, str], *, leashed: bool) -> None:
        child = processes.start(
            command,
            environment=environment,
            directory=self.run_directory,
            log=self.log(name),
            leashed=leashed,
        )
        self._children.append(child)
        self.pids = (*self.pids, child.pid)

    def _service_environment(self, token: str) -> dict[str, str]:
        """What MiniStack gets; its handlers inherit all of it, so nothing of the user's own comes in."""
        home = str(self.run_directory)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "TMPDIR": home,
            "LANG": "C.UTF-8",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": self.region,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "S3_DATA_DIR": f"{home}/s3",
            "STATE_DIR": f"{home}/state",
            "AWS_SESSION_TOKEN": token,
            "AWS_SECRET_ACCESS_KEY": "local",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _extension_environment(self, token: str) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name.startswith(_EXTENSION_VARIABLES)}
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # this package, wherever it runs from
        return {
            **own,
            **paths,
            **self.environment,
            "PATH": os.environ.get("PATH", os.defpath),
            "AWS_SESSION_TOKEN": token,
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(self.extension_port),
        }

    def _await(self, name: str, child: subprocess.Popen[bytes], url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            if answers(url):
                return
            time.sleep(processes.POLL_SECONDS)
        found = (
            f"did not answer within {START_SECONDS:g} s"
            if child.poll() is None
            else f"ended with {child.returncode}"
        )
        raise LocalAwsError(
            f"{name} did not come up: it {found}; its last words:\n{processes.tail(self.log(name))}\n"
            f"fix: what it says there; or remove {install.environment_directory()} to set it up anew"
        )

    @property
    def health_urls(self) -> tuple[str, str]:
        """What to read to see whether MiniStack and the stand-in are there."""
        return f"{self.endpoint}/_ministack/health", f"http://{HOST}:{self.extension_port}/"

    @property
    def endpoint(self) -> str:
        """The endpoint URL of every AWS API."""
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which AWS tools reach this AWS and no other."""
        return aws_environment(self.endpoint, self.region)

    def log(self, name: str) -> Path:
        """Return the log of ``"ministack"`` or ``"extension"``."""
        return self.run_directory / f"{name}.log"

    def client(self, service: str, *, region: str | None = None, account: str = ACCOUNT) -> Any:
        """Make a boto3 client for a service of this AWS.

        Raises:
            LocalAwsError: boto3 is not installed.
        """
        try:
            import boto3  # noqa: PLC0415 - an extra of this package, and half a second to load
        except ModuleNotFoundError as error:
            raise LocalAwsError("boto3 is not installed; fix: pip install 'constructs-lib[local]'") from error
        session: Any = boto3.session.Session(
            aws_access_key_id=account,
            aws_secret_access_key="local",  # noqa: S106 - MiniStack checks none
            region_name=region or self.region,
        )
        return session.client(service, endpoint_url=self.endpoint)

    def invoke_url(self, url: str) -> str:
        """Return where this AWS answers an API's stage, from its URL in a stack's outputs; without a slash at the end.

        Raises:
            LocalAwsError: the URL is not that of an API Gateway stage.

        Example:
            >>> local = LocalAws(4566, 2773, "us-east-1", Path("run"))
            >>> local.invoke_url("https://a1b2.execute-api.us-east-1.amazonaws.com/dev/")
            'http://127.0.0.1:4566/restapis/a1b2/dev/_user_request_'
            >>> local.invoke_url("wss://a1b2.execute-api.us-east-1.amazonaws.com/dev")
            'ws://127.0.0.1:4566/_aws/execute-api/a1b2/dev'
        """
        found = API_URL.fullmatch(url)
        if found is None:
            raise LocalAwsError(
                f"invoke URL: got {url!r}; allowed: https://<id>.execute-api.<region>.amazonaws.com/<stage>/; "
                "fix: pass the API's url as the stack's outputs give it"
            )
        stage, path = found["stage"] or "$default", (found["path"] or "").rstrip("/")
        if found["scheme"] == "wss":
            return f"ws://{HOST}:{self.port}/_aws/execute-api/{found['api']}/{stage}{path}"
        return f"{self.endpoint}/restapis/{found['api']}/{stage}/_user_request_{path}"

    @property
    def alive(self) -> bool:
        """Whether both processes are ours, and answer."""
        ours = all(processes.is_ours(pid, self.run_directory) for pid in self.pids)
        return bool(self.pids) and ours and all(map(answers, self.health_urls))

    def stop(self) -> None:
        """End both processes and all they started, and remove their files. Safe to call twice."""
        children = {child.pid: child for child in self._children}
        for pid in reversed(self.pids):
            processes.end(pid, self.run_directory, children.get(pid))
        self.pids, self._children = (), []
        shutil.rmtree(self.run_directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def aws_environment(endpoint: str, region: str, account: str = ACCOUNT) -> dict[str, str]:
    """The variables that point AWS tools at a local endpoint, with keys that open nothing elsewhere."""
    nothing = os.devnull
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def answers(url: str) -> bool:
    """Tell whether something answers HTTP there within a second, whatever it says."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(OSError):
        try:
            with direct.open(url, timeout=1):
                return True
        except urllib.error.HTTPError:
            return True
    return False
