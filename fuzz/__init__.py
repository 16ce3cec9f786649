"""Fuzzing of the policy: whatever a file holds, checking it ends in findings or in one message that names the file.

``python -m fuzz`` runs it (needs ``atheris``; libFuzzer's options follow, e.g. ``-max_total_time=900``). What it finds
becomes a small test in tests/policy/test_hostile_templates.py.
"""
