"""The demo: deploys the reference app to a local AWS with the real CDK CLI, drives it, breaks it, and checks all it shows.

Run it with ``make demo``. It needs no AWS account and no Docker.

``__main__``          how it ends: exit codes, interruptions, messages
``story``             what happens, in order
``system``            the deployed app, called over HTTP as its customers do
``screen``            what is shown, on a terminal and elsewhere
``expectation``       what must hold for the story to go on
``waiting``           for what happens on its own time
``routes`` ...        the chapters, one module each
"""
