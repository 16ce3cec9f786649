"""``python -m constructs_lib.cli``: the same as the command ``constructs-lib``."""

from __future__ import annotations

import sys

from constructs_lib.cli import main

sys.exit(main())
