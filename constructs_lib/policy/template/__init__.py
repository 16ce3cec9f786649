"""Stage 1, read: from files to templates, each with places to point at.

``sources``    what the user names (files, globs, directories, ``-``) to files, each read on its own
``json_file``  JSON: parsed by the standard library; positions are searched only when a finding needs one
``yaml_file``  YAML: PyYAML's events, built here with every short tag, bounded against bombs
``cdk_out``    a cloud assembly: its stacks, stages, nested stacks and assets
``includes``   files that AWS::Include takes from beside a template
``sam``        AWS::Serverless: transformed by aws-sam-translator

A file that cannot be read gives a :class:`~constructs_lib.errors.TemplateError` that names it; the others go on. Nothing
in a template is ever run or fetched.
"""

from __future__ import annotations

from constructs_lib.policy.template.sources import read
from constructs_lib.policy.template.template import Template

__all__ = ["Template", "read"]
