"""The rounds of a run: every response after the first tells in its extras of those before it.

So a run keeps the id of its first response, and its usage is that of all rounds, wherever it is read."""

from assistants_transport import extras
from assistants_transport.ids import RESPONSE_PREFIX, to_v2_id
from assistants_transport.translate.message import is_message
from assistants_transport.v2_errors import Json

REQUEST_PREFIX = f"{RESPONSE_PREFIX}request_"
USAGE_NAMES = ("input_tokens", "output_tokens", "total_tokens")
MAX_TOLD_WRITERS = 4  # more of them would not fit beside a caller's metadata


def read_run_extras(response: Json) -> Json:
    return extras.unpack(response.get("metadata"))[1]


def first_id_of(response: Json) -> str:
    """The id of the run's first response, from which the run has its id.

    A run that was asked for with an Idempotency-Key has its id from that: so it has one, and the same, for
    all who sent the request, even where no answer came."""
    told = read_run_extras(response)
    if told.get("request"):
        return request_id_of(told["request"])
    return _add_prefix(told.get("first")) or str(response["id"])


def request_id_of(mark: str) -> str:
    """What stands in place of the first response's id where a run was asked for with an Idempotency-Key."""
    return REQUEST_PREFIX + mark


def previous_id_of(response: Json) -> str | None:
    """The id of the response of the round before; None for the first."""
    return _add_prefix(read_run_extras(response).get("previous"))


def writer_ids_of(response: Json) -> list[str] | None:
    """The responses of earlier rounds that wrote messages, oldest first; None for too many to tell."""
    told = read_run_extras(response).get("wrote", [])
    return None if told is None else [RESPONSE_PREFIX + one for one in told]


def run_id_of(response: Json) -> str:
    return to_v2_id(first_id_of(response))


def created_at_of(response: Json) -> int:
    """When the run was created: its first response."""
    return int(read_run_extras(response).get("begun") or response["created_at"])


def usage_of(response: Json) -> dict[str, int] | None:
    """The tokens of all rounds. A round that ended without telling its own adds nothing."""
    own, earlier = response.get("usage"), read_run_extras(response).get("used")
    if not own and (not earlier or response["status"] in ("queued", "in_progress")):
        return None
    used = [(own or {}).get(name, 0) for name in USAGE_NAMES[:2]]
    total = (own or {}).get("total_tokens", sum(used))
    return dict(
        zip(USAGE_NAMES, map(sum, zip([*used, total], earlier or (0, 0, 0), strict=True)), strict=True)
    )


def extras_of_next_round(response: Json) -> Json:
    """The extras of the response that goes on where this one ended in function calls."""
    used, wrote = usage_of(response), writer_ids_of(response)
    if wrote is not None and any(map(is_message, response["output"])):
        wrote = [*wrote, str(response["id"])]
    told = {
        "first": _cut_prefix(first_id_of(response)),
        "previous": _cut_prefix(str(response["id"])),
        "begun": created_at_of(response),
        "used": list(used.values()) if used else None,
        "wrote": None if wrote is None or len(wrote) > MAX_TOLD_WRITERS else [*map(_cut_prefix, wrote)],
    }
    named = {name: value for name, value in told.items() if value or (name == "wrote" and value is None)}
    return {**{k: v for k, v in read_run_extras(response).items() if k not in told}, **named}


def _add_prefix(response_id: str | None) -> str | None:
    return response_id and RESPONSE_PREFIX + response_id


def _cut_prefix(response_id: str) -> str:
    return response_id.removeprefix(RESPONSE_PREFIX)
