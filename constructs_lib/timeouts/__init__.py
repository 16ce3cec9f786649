"""The arithmetic: from how long a caller may wait to every other number, and the proof that they fit together.

``inequalities``  H1 to H9 as plain functions of plain numbers; constructs set numbers with them, rules check with them
``derivation``    from the numbers that are given to all numbers, in whole milliseconds
``proof``         the inequalities that apply to a budget, one step each
``mending``       the smallest changes that would make a broken budget hold
``layout``        how a budget and its proof read, and the refusal of one that does not hold
``seconds``       durations as users give them
``call``          :class:`Call`, which users write
``budget``        :class:`TimeoutBudget`, which users write
``workflow``      how long a state machine can take, its retries and pauses included
``carriers``      the names under which a budget travels to the policy and to the handler

Pure: standard library only, no CDK. All durations are in seconds. Nothing is imported here: the checker needs only the
inequalities, and the budget takes longer to load than a template takes to check.
"""
