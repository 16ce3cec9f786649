"""What the end-to-end test runs in Lambda: the same bookings, as messages of a queue, jobs of an API and items of a workflow.

``messages``  the queue's handler
``jobs``      the asynchronous API's job
``batches``   the workflow's three tasks
``work``      one booking, whichever way it came, and what is to happen to it
``ledger``    the effect, made once, and the log of the attempts
"""
