"""When messages were written: items do not say it, but their ids may."""

from itertools import pairwise

from assistants_transport.ids import read_time
from assistants_transport.v2_errors import Json

UNKNOWN_TIME = 0  # v2 requires a number
FIRST_CONVERSATION_SECONDS = 1_704_067_200  # 2024-01-01, before there were any conversations


def time_of(item: Json, thread_id: str, now: int) -> int:
    """The Unix seconds at which the item came into the thread; UNKNOWN_TIME where its id does not tell."""
    began = read_time(thread_id, FIRST_CONVERSATION_SECONDS, now)
    return UNKNOWN_TIME if began is None else read_time(item["id"], began, now) or UNKNOWN_TIME


def times_in_order(items: list[Json], thread_id: str, now: int) -> list[int]:
    """The times of messages that are given oldest first, so that sorting by them keeps their order.

    A time never lies before the one ahead, and an answer in the same second is told a second later. Where one
    time is not known all are positions: 1, 2, 3 and so on."""
    told = [time_of(item, thread_id, now) for item in items]
    if UNKNOWN_TIME in told:
        return list(range(1, len(items) + 1))
    for place, (before, item) in enumerate(pairwise(items), start=1):
        is_answer = item["role"] != before["role"]
        told[place] = max(told[place], told[place - 1] + is_answer)
    return told
