from typing import Any


def steps_from_response(
    response: Any, run_id: str, thread_id: str, assistant_id: str, outputs: Any, with_results: bool
) -> Any: ...
