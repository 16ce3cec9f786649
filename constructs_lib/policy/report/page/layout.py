"""Where the boxes of a map stand: layers from left to right, callers before callees, few crossings, always the same."""

from __future__ import annotations

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Link = tuple[str, str]

_SWEEPS = 6
_LONGEST_GAP = 160  # a box stands at most this much lower than it must, to be beside its caller, in pixels
_FIRST_LINE = 40  # of a box; arrows end at its middle
_WAYPOINT = 10  # height of the place that a link holds in a layer which it crosses, in pixels


def layers(nodes: Sequence[str], links: Iterable[Link]) -> list[list[str]]:
    """Put every node one layer after its last caller; those that call each other in a circle stand where they can.

    A link that crosses a layer holds a place in it, named by :func:`waypoint`, so that no box stands in its way.

    Example:
        >>> layers(["api", "a", "b"], [("api", "a"), ("a", "b")])
        [['api'], ['a'], ['b']]
    """
    links = [(source, target) for source, target in dict.fromkeys(links) if source != target]
    depth = _depths(nodes, links)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in nodes:
        columns[depth[node]].append(node)
    steps: list[Link] = []
    for source, target in links:
        between = range(depth[source] + 1, depth[target])
        stops = [source, *(waypoint(source, target, level) for level in between), target]
        for level, stop in zip(between, stops[1:-1], strict=True):
            columns[level].append(stop)
        steps += pairwise(stops)
    return _untangled([column for column in columns if column], steps)


def waypoint(source: str, target: str, layer: int) -> str:
    """Name the place that a link holds in a layer which it crosses."""
    return f"{source}\0{target}\0{layer}"


def _depths(nodes: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    depth = dict.fromkeys(nodes, 0)
    for _ in range(min(len(nodes), 12)):
        moved = False
        for source, target in links:
            if depth[target] <= depth[source] < 12:  # noqa: PLR2004 - a circle must end somewhere
                depth[target], moved = depth[source] + 1, True
        if not moved:
            break
    levels = sorted(set(depth.values()))
    return {node: levels.index(level) for node, level in depth.items()}


def _untangled(columns: list[list[str]], links: Sequence[Link]) -> list[list[str]]:
    """Order each layer by where its neighbours stand, forth and back, which takes out most crossings."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for source, target in links:
        before.setdefault(target, []).append(source)
        after.setdefault(source, []).append(target)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        neighbours = before if forth else after
        for column in columns[1:] if forth else columns[-2::-1]:
            rows = {node: row for each in columns for row, node in enumerate(each)}
            middle = {
                node: _mean([rows[other] for other in neighbours.get(node, ())], rows[node])
                for node in column
            }
            column.sort(key=lambda node, middle=middle, rows=rows: (middle[node], rows[node]))  # type: ignore[misc]
    return columns


def places(
    columns: Sequence[Sequence[str]], heights: Mapping[str, float], ports: Mapping[Link, float], gap: float
) -> dict[str, float]:
    """Give each node the top of its box: beside its callers, never over another box of its layer.

    Args:
        columns: the layers.
        heights: of the boxes; what is not in there is a waypoint.
        ports: the links, each with the height in the caller's box where it starts.
        gap: least space between two boxes.
    """
    heights = {node: heights.get(node, _WAYPOINT) for column in columns for node in column}
    before: dict[str, list[Link]] = {}
    for link in ports:
        before.setdefault(link[1], []).append(link)
    tops: dict[str, float] = {}
    for column in columns:
        free = 0.0
        for node in column:
            starts = [tops[link[0]] + ports[link] for link in before.get(node, ()) if link[0] in tops]
            wanted = _mean(starts, 0) - min(heights[node], _FIRST_LINE) / 2
            tops[node] = max(free, min(wanted, free + _LONGEST_GAP))
            free = tops[node] + heights[node] + gap
    return tops


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
