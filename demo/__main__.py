"""``python -m demo``: ends with 0 when all was shown, 1 when something else happened, 2 when it could not run."""

from __future__ import annotations

import argparse
import signal
import sys

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.errors import ConstructsLibError
from demo.expectation import UnexpectedError
from demo.screen import Screen
from demo.story import tell

SHOWN, UNEXPECTED, COULD_NOT_RUN, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


def main() -> int:
    """Run the demo; whatever happens, nothing that it started stays behind, and no traceback is shown."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Deploy the reference app to a local AWS."
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    debug = parser.parse_args().debug
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        tell(Screen())
    except KeyboardInterrupt:
        return _say("interrupted; all that it had started has been stopped", INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        match error:
            case UnexpectedError():
                return _say(f"something unexpected: {error}", UNEXPECTED)
            case ConstructsLibError():
                return _say(str(error), COULD_NOT_RUN)
            case BotoCoreError() | ClientError():
                return _say(f"the local AWS failed: {error}", UNEXPECTED)
        return _say(f"a defect of the demo: {type(error).__name__}: {error}; see it with --debug", UNEXPECTED)
    return SHOWN


def _say(message: str, exit_code: int) -> int:
    print(f"demo: {message}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
