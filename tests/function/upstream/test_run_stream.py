"""What a server streams of a run, event by event: what is read of it, and what ends in asking for the run."""

from typing import Any

import httpx2
import pytest

from tests.fake_upstream import (
    RUN,
    SEND,
    Upstream,
    answer_always,
    error,
    told_message,
    told_run,
    told_text,
    v2_list,
    v2_message,
    v2_run,
    v2_stream,
    v2_text,
)
from tests.invoke import CAUTION, Context, Json

GET_RUN: Json = {"action": "get-run", "threadId": "thread_1", "runId": "run_1"}
OUTPUTS: Json = {"action": "submit-tool-outputs", "toolOutputs": [{"toolCallId": "call_1", "output": "x"}]}
BEGUN = told_run("queued")
STARTED = told_message("created", v2_message())
DONE: tuple[str, Json] = ("done", {})
SAID = v2_message(v2_text("the answer"))
Events = tuple[tuple[str, Json] | Exception, ...]


class Streaming(Upstream):
    """A server of Assistants v2 with one run: its POST is answered by `started`, and taken up by `replayed`.

    Who asks for it is told `status`, and its messages are SAID."""

    def __init__(
        self, started: Events, replayed: Events | httpx2.Response = (), status: str = "completed"
    ) -> None:
        super().__init__(self.answer_one)
        self.started, self.replayed, self.status = started, replayed, status

    def answer_one(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/messages"):
            return httpx2.Response(200, json=v2_list(SAID))
        if request.method == "POST":
            return v2_stream(*self.started)
        if request.url.query == b"stream=true":
            return self.replayed if isinstance(self.replayed, httpx2.Response) else v2_stream(*self.replayed)
        return httpx2.Response(200, json=v2_run(self.status))

    def asked(self) -> list[str]:
        """What was asked for, in turn: `start`, `look`, `take up`, `messages`."""
        return [name_request(one) for one in self.seen]


def name_request(request: httpx2.Request) -> str:
    if request.method == "POST":
        return "start"
    if request.url.path.endswith("/messages"):
        return "messages"
    return "take up" if request.url.query else "look"


def follow(*events: tuple[str, Json] | Exception, **more: Any) -> tuple[Json, list[str]]:
    """Starts a run that is told by these events; returns the answer and what was asked for."""
    upstream = Streaming(events, **more)
    return upstream.function()(**RUN), upstream.asked()


# ---------------------------------------------------------------- to the end


def test_what_a_stream_has_told_whole_is_not_asked_for() -> None:
    answer, asked = follow(BEGUN, STARTED, told_message("completed", SAID), told_run("completed"), DONE)
    assert (answer["statusCode"], answer["body"]["response"], asked) == (200, "the answer", ["start"])


@pytest.mark.parametrize(
    "events",
    [
        (),
        (STARTED, told_text("the answer")),
        (STARTED, told_message("completed", SAID), told_message("created", v2_message(id="msg_2"))),
    ],
    ids=["no message", "no end of it", "another without an end"],
)
def test_messages_that_a_stream_has_not_told_whole_are_asked_for(events: Events) -> None:
    answer, asked = follow(BEGUN, *events, told_run("completed"), DONE)
    assert (answer["body"]["response"], asked) == ("the answer", ["start", "messages"])


def test_messages_of_others_are_none_of_the_runs() -> None:
    others = [
        v2_message(v2_text("x"), id="msg_0", **more) for more in ({"run_id": "run_0"}, {"role": "user"})
    ]
    told = [told_message("completed", one) for one in (*others, SAID)]
    answer, _ = follow(BEGUN, *told, told_run("completed"), DONE)
    assert answer["body"]["response"] == "the answer"


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
def test_a_bad_end_is_told_by_the_stream(status: str) -> None:
    answer, asked = follow(
        BEGUN, told_run(status, last_error={"code": "server_error", "message": "Odd."}), DONE
    )
    assert (answer["statusCode"], answer["body"]["error"]) == (502, f"the run ended {status}: Odd.")
    assert asked == ["start"]


def test_calls_of_functions_are_told_by_the_stream() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    answer, asked = follow(BEGUN, told_run("requires_action", required_action=action), DONE)
    assert answer["body"]["data"]["toolCalls"] == [{"id": "call_1", "name": "f", "arguments": "{}"}]
    assert (answer["statusCode"], answer["body"]["data"]["partial"], asked) == (200, None, ["start"])


def test_what_nobody_has_heard_of_is_passed_over() -> None:
    strange = [("thread.run.step.delta", {"id": 5}), ("thread.message.sung", {}), ("ping", {}), ("", {})]
    answer, asked = follow(BEGUN, *strange, told_message("completed", SAID), told_run("completed"))
    assert (answer["body"]["response"], asked) == ("the answer", ["start"])


# ---------------------------------------------------------------- what stands of the text


def read_partial(*events: tuple[str, Json] | Exception) -> Any:
    """What stands of the text when a run that is told so far is still going on."""
    answer, _ = follow(BEGUN, *events, httpx2.ReadTimeout("silence"), status="in_progress")
    assert (answer["statusCode"], answer["body"]["response"], answer["body"]["data"]["messages"]) == (
        202,
        None,
        [],
    )
    return answer["body"]["data"]["partial"]


@pytest.mark.parametrize(
    ("events", "partial"),
    [
        ((), None),
        ((STARTED,), None),
        ((STARTED, told_text("")), None),
        ((STARTED, told_text("Hel"), told_text("lo")), "Hello"),
        ((STARTED, told_text("b", index=1), told_text("a", index=0)), "a\n\nb"),
        (
            (
                told_message("completed", SAID),
                told_message("created", v2_message(id="msg_2")),
                told_text("more", message_id="msg_2"),
            ),
            "the answer\n\nmore",
        ),
        ((STARTED, told_text("x\u2028y\r\nz")), "x\u2028y\r\nz"),
    ],
)
def test_the_text_that_stands_is_joined_as_the_answer_will_be(events: Events, partial: str | None) -> None:
    assert read_partial(*events) == partial


@pytest.mark.parametrize(
    ("text", "partial"),
    [
        ("cited【4:0†source】 here", "cited here"),
        ("cited【", "cited"),
        ("cited【4", "cited"),
        ("cited【4:", "cited"),
        ("cited【4:0†sour", "cited"),
        ("said 【so", "said 【so"),
        ("【4:0†source", None),
    ],
)
def test_no_citation_marker_stands_in_it_not_even_its_beginning(text: str, partial: str | None) -> None:
    assert read_partial(STARTED, told_text(text)) == partial


def test_a_refusal_is_text_too() -> None:
    part = {"index": 0, "type": "refusal", "refusal": "No."}
    delta = {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}}
    assert read_partial(STARTED, ("thread.message.delta", delta)) == "No."


def test_a_text_too_long_for_an_answer_is_cut_and_says_so() -> None:
    partial = read_partial(STARTED, *(told_text("x" * 100_000) for _ in range(20)))
    assert partial.startswith("x" * 100_000)
    assert partial.endswith("[cut after 200000 of 2000000 characters: 1 MB is sent at most]")


# ---------------------------------------------------------------- what ends in asking


BROKEN: list[tuple[str, Json] | Exception] = [
    httpx2.ReadError("reset"),
    httpx2.RemoteProtocolError("cut"),
    httpx2.ReadTimeout("silence"),
    ("error", {"code": "server_error", "message": "odd"}),
    ("error", {}),
    ("thread.run.completed", {}),
    ("thread.run.completed", {"object": "thread.run", "id": "run_1", "thread_id": "thread_1", "status": 5}),
    ("thread.message.created", {"object": "thread.message"}),
    told_text("of a message that nobody began"),
    ("thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [5]}}),
]


@pytest.mark.parametrize("problem", BROKEN, ids=str)
def test_a_stream_that_breaks_is_looked_behind(problem: tuple[str, Json] | Exception) -> None:
    answer, asked = follow(BEGUN, problem)
    assert (answer["body"]["response"], asked) == ("the answer", ["start", "look", "messages"])


def test_a_run_that_goes_on_behind_a_broken_stream_is_taken_up() -> None:
    rest = (BEGUN, STARTED, told_message("completed", SAID), told_run("completed"), DONE)
    answer, asked = follow(BEGUN, httpx2.ReadError("reset"), replayed=rest, status="in_progress")
    assert (answer["body"]["response"], asked) == ("the answer", ["start", "look", "take up", "messages"])


def test_a_run_is_taken_up_three_times_at_most() -> None:
    cut: Events = (BEGUN, httpx2.ReadError("reset"))
    answer, asked = follow(*cut, replayed=cut, status="in_progress")
    assert (answer["statusCode"], asked.count("take up")) == (202, 3)
    assert asked[-1] == "look"


@pytest.mark.parametrize(
    "replayed", [error(404), error(400), error(500), httpx2.Response(200, text="<html>")]
)
def test_a_run_that_cannot_be_taken_up_is_asked_for(replayed: httpx2.Response) -> None:
    answer, asked = follow(BEGUN, httpx2.ReadError("reset"), replayed=replayed, status="in_progress")
    assert answer["statusCode"] == 202
    assert asked.count("look") > 10


def test_a_server_that_takes_nothing_up_is_asked_to_once() -> None:
    upstream = Streaming((), replayed=httpx2.Response(200, json=v2_run("in_progress")), status="in_progress")
    function = upstream.function()
    for is_asked in (True, False):
        already = len(upstream.seen)
        assert function(**GET_RUN, wait=2)["statusCode"] == 202
        assert ("take up" in upstream.asked()[already:]) == is_asked


# ---------------------------------------------------------------- a run that is not told


@pytest.mark.parametrize(
    ("problem", "status"),
    [(httpx2.ReadError("reset"), 502), (httpx2.ReadTimeout("silence"), 504), (("error", {"code": "x"}), 502)],
    ids=str,
)
def test_a_stream_that_breaks_before_it_tells_the_run_is_a_lost_answer(
    problem: tuple[str, Json] | Exception, status: int
) -> None:
    answer, asked = follow(problem)
    assert (answer["statusCode"], asked) == (status, ["start"])
    assert CAUTION in answer["body"]["error"]


@pytest.mark.parametrize("text", ["", "<html>", "event: done\\ndata: [DONE]\\n\\n", ": nothing\\n\\n"])
@pytest.mark.parametrize("kind", ["text/event-stream", "text/html"])
def test_an_answer_that_tells_no_run_is_a_lost_one_and_no_other_stream_is_asked_for(
    text: str, kind: str
) -> None:
    upstream = answer_always(200, headers={"Content-Type": kind}, text=text)
    function = upstream.function()
    for wants_stream in (True, None):
        already = len(upstream.seen)
        answer = function(**RUN)
        assert (answer["statusCode"], len(upstream.seen) - already) == (502, 1)
        assert CAUTION in answer["body"]["error"]
        assert upstream.bodies()[-1].get("stream") is wants_stream


# ---------------------------------------------------------------- a stream that is refused


REFUSALS = [
    error(400, "Streaming is not supported."),
    error(404, "No stream here."),
    error(422, "background and stream exclude each other"),
    httpx2.Response(400, json={"detail": "something else altogether"}),
    httpx2.Response(422, json={"detail": [{"loc": ["body", "stream"], "msg": "Extra inputs"}]}),
]


class Refusing(Streaming):
    """Answers `refusal` where a stream is asked for; then `plain` to the run without."""

    def __init__(self, refusal: httpx2.Response, plain: httpx2.Response) -> None:
        super().__init__(())
        self.refusal, self.plain = refusal, plain

    def answer_one(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "POST":
            return super().answer_one(request)
        given = self.refusal if b'"stream"' in request.content else self.plain
        return httpx2.Response(given.status_code, headers=given.headers, content=given.content)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.text)
def test_a_refused_stream_is_asked_for_once_and_the_run_goes_out_without(refusal: httpx2.Response) -> None:
    upstream = Refusing(refusal, httpx2.Response(200, json=v2_run("queued")))
    function = upstream.function()
    for starts in (2, 1):
        already = len(upstream.seen)
        assert function(**RUN)["body"]["response"] == "the answer"
        assert upstream.asked()[already:] == [*["start"] * starts, "look", "messages"]


def test_what_is_refused_without_a_stream_too_is_told_and_not_held_against_streams() -> None:
    refusal = error(400, "metadata.stream is too long")
    upstream = Refusing(refusal, refusal)
    function = upstream.function()
    for _ in range(2):
        assert function.error(**RUN) == (400, "metadata.stream is too long")
    assert upstream.asked() == ["start"] * 4


@pytest.mark.parametrize(
    ("refusal", "status"), [(error(400, "Nonsense."), 400), (error(404), 404), (error(401), 500)]
)
def test_other_refusals_are_no_refusals_of_a_stream(refusal: httpx2.Response, status: int) -> None:
    upstream = Refusing(refusal, httpx2.Response(200, json=v2_run()))
    assert upstream.function().error(**RUN)[0] == status
    assert upstream.asked() == ["start"]


# ---------------------------------------------------------------- a thread that is locked


LOCKED, ACTIVE = (
    "Thread thread_1 already has an active run.",
    "Thread thread_1 already has an active run run_9.",
)


@pytest.mark.parametrize(("words", "pauses"), [(LOCKED, [0.5, 1.0]), (ACTIVE, [])])
@pytest.mark.parametrize("params", [RUN, SEND, {**GET_RUN, **OUTPUTS}], ids=lambda one: one["action"])
def test_a_lock_is_waited_out_unless_its_run_is_known(words: str, pauses: list[float], params: Json) -> None:
    upstream = answer_always(400, error(400, words).json())
    answer = upstream.function()(**params)
    assert (answer["statusCode"], upstream.clock.pauses) == (409, pauses)
    assert len(upstream.seen) == len(pauses) + 1


def test_a_lock_is_not_waited_out_past_the_deadline() -> None:
    upstream = answer_always(400, error(400, LOCKED).json())
    answer = upstream.function().main(SEND, Context(2_100))
    assert (answer["statusCode"], len(upstream.seen)) == (409, 2)
