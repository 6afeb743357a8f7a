"""v2 tool outputs -> items."""

from typing import Any

import pytest

from assistants_transport.translate.tool_outputs import items_from_outputs


@pytest.mark.parametrize("given", [{}, {"output": None}, {"output": ""}])
def test_an_output_that_is_left_out_is_empty(given: dict[str, Any]) -> None:
    [item] = items_from_outputs([{"tool_call_id": "call_1", **given}], ["call_1"])
    assert item == {"type": "function_call_output", "call_id": "call_1", "output": ""}
