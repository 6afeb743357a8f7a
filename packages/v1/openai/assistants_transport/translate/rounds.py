"""The rounds of a run: every response after the first tells in its extras which ones came before it.

So a run keeps the id of its first response, and its usage is that of all rounds, wherever it is read."""

from assistants_transport import extras
from assistants_transport.ids import RESPONSE_PREFIX, to_v2_id
from assistants_transport.v2_errors import Json

USAGE_NAMES = ("input_tokens", "output_tokens", "total_tokens")


def read_run_extras(response: Json) -> Json:
    return extras.unpack(response.get("metadata"))[1]


def earlier_ids_of(response: Json) -> list[str]:
    """The ids of the responses of earlier rounds, oldest first."""
    return [RESPONSE_PREFIX + one for one in read_run_extras(response).get("rounds", [])]


def first_id_of(response: Json) -> str:
    """The id of the run's first response, from which the run has its id."""
    return [*earlier_ids_of(response), str(response["id"])][0]


def run_id_of(response: Json) -> str:
    return to_v2_id(first_id_of(response))


def created_at_of(response: Json) -> int:
    """When the run was created: its first response."""
    return int(read_run_extras(response).get("begun") or response["created_at"])


def usage_of(response: Json) -> Json | None:
    """The tokens of all rounds; None as long as the response tells none of its own."""
    own = response.get("usage")
    if not own:
        return None
    earlier = read_run_extras(response).get("used") or (0, 0, 0)
    return {name: own[name] + before for name, before in zip(USAGE_NAMES, earlier, strict=True)}


def extras_of_next_round(response: Json) -> Json:
    """The extras of the response that goes on where this one ended in function calls."""
    rounds = [one.removeprefix(RESPONSE_PREFIX) for one in (*earlier_ids_of(response), str(response["id"]))]
    used = usage_of(response)
    told = {"used": list(used.values())} if used else {}
    return {**read_run_extras(response), "rounds": rounds, "begun": created_at_of(response), **told}
