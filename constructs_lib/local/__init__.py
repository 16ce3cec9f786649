"""The local AWS: any CDK app deployed by the real CDK CLI on this machine, without an account and without Docker.

MiniStack answers the AWS APIs and runs the handlers; a stand-in answers for the Parameters and Secrets extension; the
local profile leaves out of the templates what MiniStack refuses and says so. What has no effect locally is listed in
:data:`NOT_ENFORCED`.

Example::

    with LocalAws.start() as local:
        deployment = deploy(local, Path("."))
        urlopen(deployment.invoke_urls["Orders.ApiUrl"] + "/orders")
"""

from __future__ import annotations

from constructs_lib.local.deploy import Deployment, deploy
from constructs_lib.local.detached import down, running, up
from constructs_lib.local.ministack import LocalAws
from constructs_lib.local.profile import NOT_ENFORCED, Change, localize

__all__ = ["NOT_ENFORCED", "Change", "Deployment", "LocalAws", "deploy", "down", "localize", "running", "up"]
