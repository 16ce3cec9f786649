"""Evidence: what a handler really costs.

``imports``            what its import takes, in fresh interpreters, and which line brings which module in
``import_in_a_child``  the script that runs there; standard library only, and nothing of this package
"""

from __future__ import annotations
