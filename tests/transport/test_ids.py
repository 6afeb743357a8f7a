"""Ids map by prefix and back; what could leave its place in a path is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistants_transport.ids import read_time, to_upstream_id, to_v2_id, to_v2_text
from assistants_transport.v2_errors import V2Error
from tests.transport.fakes import refuse_all, send_raw

YEAR_2024 = 1_704_067_200
REST = st.text("abcXYZ019_-", min_size=1, max_size=100)


@settings(deadline=None)
@given(st.sampled_from(["thread_", "asst_", "run_", "msg_"]), REST)
def test_an_id_comes_back_as_it_was(prefix: str, rest: str) -> None:
    assert to_v2_id(to_upstream_id(prefix + rest)) == prefix + rest


def test_the_prefixes_are_those_of_the_two_apis() -> None:
    assert [to_upstream_id(one + "x") for one in ("thread_", "asst_", "run_", "msg_")] == [
        "conv_x",
        "agent_x",
        "resp_x",
        "msg_x",
    ]


@pytest.mark.parametrize(
    "bad", ["", "..", "../x", "a/b", "a%2Fb", "a b", "a?b", "a#b", "ä", "x\n", "a" * 129]
)
def test_an_unsafe_id_is_refused(bad: str) -> None:
    with pytest.raises(V2Error, match="Invalid id"):
        to_upstream_id(bad)


@pytest.mark.parametrize(
    "bad", ["..%2Fx", "a%2Fb", "%2e%2e", "a%20b", "a%3Fb=c", "a%23b", "%C3%A4", "a%0A", "a" * 129]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/assistants/{}"),
        ("POST", "/assistants/{}"),
        ("DELETE", "/assistants/{}"),
        ("GET", "/threads/{}"),
        ("DELETE", "/threads/{}"),
        ("POST", "/threads/{}/runs/run_1/cancel"),
        ("GET", "/threads/thread_1/runs/{}"),
        ("GET", "/threads/thread_1/messages/{}"),
        ("DELETE", "/threads/thread_1/messages/{}"),
        ("GET", "/threads/thread_1/messages?after={}"),
        ("GET", "/threads/thread_1/messages?before={}"),
        ("GET", "/threads/thread_1/messages?run_id={}"),
        ("GET", "/threads/thread_1/messages?after="),
        ("GET", "/threads/thread_1/messages?run_id="),
        ("GET", "/assistants?after={}"),
        ("GET", "/threads//messages"),
        ("GET", "/assistants/"),
    ],
)
def test_no_request_goes_out_with_an_unsafe_id(method: str, path: str, bad: str) -> None:
    answer = send_raw(refuse_all, method, path.format(bad))
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_messages_speak_of_v2s_objects() -> None:
    told = "Conversation with id 'conv_a1' not found, nor Response with id 'resp_b-2' nor agent_c."
    assert to_v2_text(told) == "Thread with id 'thread_a1' not found, nor Run with id 'run_b-2' nor asst_c."
    assert (
        to_v2_text("the response_format of msg_1 is resp-onsive")
        == "the response_format of msg_1 is resp-onsive"
    )


@pytest.mark.parametrize(
    ("upstream_id", "seconds"),
    [
        ("resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b", 1741476542),
        ("resp_0bc0cffd983db63400693fdead1c0c8190a5b0d6d1f2e3a4b5", 1765793453),
        ("resp_0f23d628b8934486016a399508", 1782158600),
        ("msg_04d814fc16389845006a6795dd00000000", 1785173469),
        ("conv_689667905b04", 1754687376),
    ],
)
def test_an_id_tells_its_time_within_what_is_plausible(upstream_id: str, seconds: int) -> None:
    assert read_time(upstream_id, seconds, seconds) == seconds
    assert read_time(upstream_id, YEAR_2024, seconds - 1) is None
    assert read_time(upstream_id, seconds + 1, seconds + 1000) is None


@pytest.mark.parametrize("upstream_id", ["msg_1", "msg", "", "67ccd2be", "msg_67ccd2bx", "msg_67CCD2BE"])
def test_an_id_without_a_time_tells_none(upstream_id: str) -> None:
    assert read_time(upstream_id, 0, 2**32) is None
