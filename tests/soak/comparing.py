"""What was found, compared with what was expected."""

from typing import Any


def describe_difference(found: list[Any], expected: list[Any]) -> list[str]:
    """Says in words where the two first differ; returns nothing where they do not."""
    for place, (one, other) in enumerate(zip(found, expected, strict=False)):
        if one != other:
            return [f"at {place}: {one!r} in place of {other!r}"]
    return [] if len(found) == len(expected) else [f"{len(found)} in place of {len(expected)}"]
