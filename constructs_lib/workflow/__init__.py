"""Workflows: work that no single invocation finishes, and work of several functions that a caller waits for.

``chunked_workflow``  :class:`ChunkedWorkflow`: list, work in batches, finalize; goes on where it stopped
``run``               its state machine: one execution at a time takes a run, lists once, closes it
``batch``             its child workflow: worker, checkpoint, worker ... done, or the failure queue
``express_workflow``  :class:`ExpressWorkflow`: functions in order, or at once, within the time that a caller waits
``states``            task states as plain data: timeout, retries, a way out
``retries``           how often a task is tried again, and after which pauses
``machine``           role, logs and state machine from a definition
``conflicts``         what a workflow cannot be asked for
"""

from __future__ import annotations

from constructs_lib.workflow.chunked_workflow import ChunkedWorkflow
from constructs_lib.workflow.express_workflow import ExpressWorkflow
from constructs_lib.workflow.retries import TaskRetries

__all__ = ["ChunkedWorkflow", "ExpressWorkflow", "TaskRetries"]
