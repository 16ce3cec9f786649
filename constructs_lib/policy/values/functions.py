"""CloudFormation's functions: each takes the stack and its argument and returns what the result may be."""

from __future__ import annotations

import re

from constructs_lib.policy.values.cases import (
    ABSENT,
    Case,
    Unknown,
    as_text,
    combine,
    distinct,
    one,
    under,
    unknown,
)
from constructs_lib.policy.values.conditions import subject
from constructs_lib.policy.values.text import OPEN, is_plain, mark_dynamic, split, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.stack import Stack

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_LONGEST = 2_000_000  # characters of one text; CloudFormation takes 1 MB for a whole template
_MOST_WRITTEN = 50_000_000  # characters of all texts of a system
_WIDEST = 1_000  # rows or columns of a mapping that are tried in turn; CloudFormation has at most 200


def _ref(stack: Stack, argument: Any) -> Cases:
    if type(argument) is not dict:
        return stack.ref(argument)
    found: list[Case] = []
    for case in stack.texts(argument):  # a language extension: functions may name what is meant
        reason = why_unknown(case.data)
        found += under(case.when, unknown(reason) if reason else stack.ref(case.data))
    return distinct(found)


def _get_att(stack: Stack, argument: Any) -> Cases:
    if type(argument) is str:
        argument = argument.split(".", 1)
    match argument:
        case [str(name), *attribute] if attribute:
            parts = [as_text(case.data) for raw in attribute for case in stack.resolve(raw)[:1]]
            return stack.attribute(name, ".".join(parts))
        case [dict(), _]:  # the same extension
            found: list[Case] = []
            for (name, attribute), when in combine([stack.texts(part) for part in argument]):
                plain = type(name) is str and type(attribute) is str and is_plain(name)
                found += under(
                    when,
                    stack.attribute(name, attribute)
                    if plain
                    else unknown(why_unknown(as_text(name)) or "too many names"),
                )
            return distinct(found)
    return unknown("Fn::GetAtt needs a resource and an attribute")


def _sub(stack: Stack, argument: Any) -> Cases:
    match argument:
        case str(text):
            variables: dict[str, Any] = {}
        case [str(text), dict(variables)]:
            pass
        case _:
            return unknown("Fn::Sub needs a text, and perhaps a mapping of variables")
    pieces = _PLACEHOLDER.split(mark_dynamic(text) if "{{resolve:" in text else text)
    values = [one(pieces[0])]
    for position in range(1, len(pieces), 2):
        values += (_placeholder(stack, pieces[position], variables), one(pieces[position + 1]))
    return _joined(stack, values, "")


def _placeholder(stack: Stack, name: str, variables: dict[str, Any]) -> Cases:
    name = name.strip()
    if name.startswith("!"):
        return one(f"${{{name[1:]}}}")
    if name in variables:
        return stack.resolve(variables[name])
    if "." in name:
        return stack.attribute(*name.split(".", 1))
    return stack.ref(name)


def _joined(stack: Stack, values: list[Cases], delimiter: str) -> Cases:
    return distinct(Case(_text(stack, datas, delimiter), when) for datas, when in combine(values))


def _text(stack: Stack, datas: list[Any], delimiter: str) -> str | Unknown:
    parts = [as_text(data) for data in datas if data is not ABSENT]
    length = sum(map(len, parts)) + len(delimiter) * len(parts)
    stack.system.written += length
    if length > _LONGEST or stack.system.written > _MOST_WRITTEN:
        return Unknown(f"a text of more than {_LONGEST:,} characters")
    return delimiter.join(parts)


def _join(stack: Stack, argument: Any) -> Cases:
    match argument:
        case [str(delimiter), parts]:
            found: list[Case] = []
            for case in stack.resolve(parts):
                if type(case.data) is list:
                    joined = _joined(stack, [stack.resolve(part) for part in case.data], delimiter)
                else:
                    joined = one(as_text(case.data))
                found += under(case.when, joined)
            return distinct(found)
    return unknown("Fn::Join needs a delimiter and a list")


def _split(stack: Stack, argument: Any) -> Cases:
    match argument:
        case [str(delimiter), source] if delimiter:
            return tuple(Case(_pieces(delimiter, case.data), case.when) for case in stack.texts(source))
    return unknown("Fn::Split needs a delimiter and a text")


def _pieces(delimiter: str, text: str) -> list[Any] | Unknown:
    certain, reason = split(delimiter, text)
    if reason is None:
        return certain
    return [*certain, Unknown(reason)] if certain else Unknown(reason)


def _select(stack: Stack, argument: Any) -> Cases:
    match argument:
        case [index, source]:
            found: list[Case] = []
            for (position, items), when in combine([stack.texts(index), stack.resolve(source)]):
                found += under(when, _selected(stack, position, items))
            return distinct(found)
    return unknown("Fn::Select needs an index and a list")


def _selected(stack: Stack, position: Any, items: Any) -> Cases:
    if isinstance(items, Unknown):
        return (Case(items),)
    if type(position) is not str or not position.isdecimal() or len(position) > 6:  # noqa: PLR2004 - no list is longer
        return unknown(why_unknown(as_text(position)) or "Fn::Select needs a whole number as index")
    if type(items) is not list:
        return unknown("Fn::Select needs a list")
    index = int(position)
    if index < len(items):
        return stack.resolve(items[index])
    if items and isinstance(items[-1], Unknown):
        return (Case(items[-1]),)
    return unknown(f"Fn::Select {index} of a list of {len(items)}")


def _find_in_map(stack: Stack, argument: Any) -> Cases:
    match argument:
        case [name, first, second, *rest]:
            fallback = rest[0].get("DefaultValue", ABSENT) if rest and type(rest[0]) is dict else ABSENT
            found: list[Case] = []
            keys = [stack.texts(part) for part in (name, first, second)]
            for (table, row, column), when in combine(keys):
                if isinstance(table, Unknown):
                    return (Case(table),)
                found += under(when, _looked_up(stack, table, row, column, fallback))
            return distinct(found)
    return unknown("Fn::FindInMap needs a map and two keys")


def _looked_up(stack: Stack, name: str, row: str, column: str, fallback: Any) -> Cases:
    table = stack.mappings.get(name)
    if type(table) is not dict:
        return unknown(why_unknown(name) or f"Fn::FindInMap: the template has no mapping {name}")
    found: list[Case] = []
    for row_case in _keys(table, row):
        cells = table.get(row_case.data)
        if type(cells) is not dict:
            found += (
                unknown(f"Fn::FindInMap: {name} has no row {row_case.data}") if fallback is ABSENT else ()
            )
            continue
        for column_case in _keys(cells, column):
            if column_case.data in cells:
                both = dict(row_case.when) | dict(column_case.when)
                found += under(tuple(both.items()), stack.resolve(cells[column_case.data]))
    values = [case.data for case in found]
    if values and all(value == values[0] for value in values):
        return one(values[0])
    if found:
        return distinct(found)
    if fallback is not ABSENT:
        return stack.resolve(fallback)
    return unknown(f"Fn::FindInMap: {name} has no entry {row}, {column}")


def _keys(table: dict[str, Any], key: str) -> Cases:
    """Take the key itself, or every key there is when it is known only in deployment."""
    if OPEN not in key:
        return one(key)
    if len(table) > _WIDEST:
        return ()
    name = subject(key)
    return tuple(Case(candidate, ((name, candidate),)) for candidate in sorted(table))


def _if(stack: Stack, argument: Any) -> Cases:
    match argument:
        case [str(name), yes, no]:
            decided = stack.condition(name)
            if decided is not None:
                return stack.resolve(yes if decided else no)
            if name not in stack.formulas:
                return unknown(f"Fn::If: the template has no condition {name}")
            key, wanted = stack.assumption(name)
            assumed = stack.system.assumed.get(key)
            if assumed is not None:
                return stack.resolve(yes if assumed is wanted else no)
            stack.system.asked[key] = None
            holds = under(((key, wanted),), stack.resolve(yes))
            return distinct((*holds, *under(((key, not wanted),), stack.resolve(no))))
    return unknown("Fn::If needs a condition's name and two values")


def _import_value(stack: Stack, argument: Any) -> Cases:
    found: list[Case] = []
    for case in stack.texts(argument):
        found += under(case.when, stack.system.imported(case.data))
    return distinct(found)


def _get_stack_output(stack: Stack, argument: Any) -> Cases:
    match argument:
        case {"StackName": name, "OutputName": output}:
            found: list[Case] = []
            keys = [
                stack.texts(part) for part in (name, output, argument.get("Region", {"Ref": "AWS::Region"}))
            ]
            for (stack_name, output_name, region), when in combine(keys):
                found += under(when, stack.system.stack_output(stack_name, output_name, region))
            return distinct(found)
    return unknown("Fn::GetStackOutput needs the names of a stack and of an output")


def _length(stack: Stack, argument: Any) -> Cases:
    return tuple(
        Case(
            len(case.data)
            if type(case.data) is list and not any(isinstance(item, Unknown) for item in case.data)
            else Unknown("Fn::Length needs a list"),
            case.when,
        )
        for case in stack.resolve(argument)
    )


def _to_json_string(stack: Stack, argument: Any) -> Cases:
    import json  # noqa: PLC0415 - a language extension that few templates use

    from constructs_lib.policy.values.whole import whole  # noqa: PLC0415

    def written(data: Any) -> str | Unknown:
        pieces, length = [], 0
        for piece in json.JSONEncoder(default=as_text, ensure_ascii=False).iterencode(data):
            length += len(piece)
            if length > _LONGEST:
                return Unknown(f"a text of more than {_LONGEST:,} characters")
            pieces.append(piece)
        return "".join(pieces)

    return tuple(Case(written(case.data), case.when) for case in whole(stack, argument))


def _not_known(reason: str) -> Callable[[Stack, Any], Cases]:
    return lambda stack, argument: unknown(reason)  # noqa: ARG005 - the signature of every function


FUNCTIONS: dict[str, Callable[[Stack, Any], Cases]] = {
    "Fn::Base64": lambda stack, argument: stack.texts(argument),
    "Fn::Cidr": _not_known("Fn::Cidr is computed in deployment"),
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _not_known("Fn::GetAZs is known only in deployment"),
    "Fn::GetAtt": _get_att,
    "Fn::GetStackOutput": _get_stack_output,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json_string,
    "Ref": _ref,
    "Fn::Transform": _not_known("Fn::Transform is run in deployment"),
}
