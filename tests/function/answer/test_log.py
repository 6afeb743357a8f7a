"""The log: one JSON line a call, nothing else, and nothing in it that is nobody's business."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from local.emulator.server import Emulator
from tests.fake_upstream import RUN, SEND, THREAD_PARAMS, answer_always, answer_in_turn, error
from tests.invoke import KEY, MAIN, Json, make_function

PROGRAM = """
import importlib.util, json, os, sys
os.chdir(sys.argv[1])
sys.path.insert(0, sys.argv[1])
spec = importlib.util.spec_from_file_location("main__", "__main__.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

def call(**params):
    return module.main(params)["body"]["data"] or {}

assistant = call(action="create-assistant", name="a")["assistantId"]
call(action="update-assistant", assistantId=assistant, name="b")
call(action="get-assistant", assistantId=assistant)
call(action="list-assistants", limit=1)
thread = call(action="create-thread")["threadId"]
call(action="send-message", threadId=thread, message="secret words")
run = call(action="run-assistant", threadId=thread, assistantId=assistant)
call(action="get-run", threadId=thread, runId=run["runId"])
call(action="cancel-run", threadId=thread, runId=run["runId"])
call(action="list-messages", threadId=thread)
call(action="update-thread", threadId=thread, metadata={})
call(action="chat", threadId=thread, assistantId=assistant, message="/fail server_error")
call(action="get-thread", threadId="thread_none")
call(action="delete-thread", threadId=thread)
call(action="delete-assistant", assistantId=assistant)
call(action="nonsense")
os._exit(0)  # as the platform ends it: no sockets are closed
"""
CALLS = 16


def test_sixteen_calls_log_sixteen_lines_and_no_warning(openai_at_home: Emulator) -> None:
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": openai_at_home.url, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-B", "-W", "always", "-c", PROGRAM, str(MAIN.parent)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(records) == CALLS
    assert not any("fault" in record for record in records)
    assert "secret words" not in done.stdout
    assert KEY not in done.stdout


def read_log_line(capsys: pytest.CaptureFixture[str]) -> Json:
    """Reads the one line that the one call has logged."""
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("\n")
    (line,) = out.splitlines()
    record: Json = json.loads(line)
    return record


def test_a_line_tells_action_status_time_and_openais_request(capsys: pytest.CaptureFixture[str]) -> None:
    answer_always(500, headers={"x-request-id": "req_1"}).function()(**SEND)
    record = read_log_line(capsys)
    assert record.pop("milliseconds") >= 0
    record.pop("changed", None)
    assert record == {"action": "send-message", "status": 502, "openaiRequestId": "req_1"}


def test_a_request_of_an_earlier_call_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    function = answer_always(500, headers={"x-request-id": "req_1"}).function()
    function(**SEND)
    capsys.readouterr()
    function(action="get-thread", threadId="a/b")
    assert read_log_line(capsys)["openaiRequestId"] is None


@pytest.mark.parametrize("params", [{}, {"action": "secret-action"}, {"action": "chat", "secret": "secret"}])
def test_a_refused_call_is_logged_without_its_words(params: Json, capsys: pytest.CaptureFixture[str]) -> None:
    make_function()(**params)
    record = read_log_line(capsys)
    assert record["status"] == 400
    assert "secret" not in json.dumps(record)


def test_neither_key_nor_words_reach_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    answer_in_turn(error(500, f"Bad key {KEY}: secret words")).function(ACCESS_TOKEN="none")(**SEND)
    line = json.dumps(read_log_line(capsys))
    assert KEY not in line
    assert "secret" not in line


@pytest.mark.parametrize("params", [THREAD_PARAMS, RUN])
def test_a_fault_of_our_own_is_logged_by_its_place(params: Json, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = answer_in_turn(OSError(f"secret {KEY}"))
    assert upstream.function()(**params)["statusCode"] in (500, 502)
    line = json.dumps(read_log_line(capsys))
    assert "secret" not in line
    assert "Traceback" not in line


def test_a_log_that_is_closed_costs_no_answer() -> None:
    closed = io.StringIO()
    closed.close()
    with redirect_stdout(closed):
        answer = make_function()(action="describe")
    assert answer["statusCode"] == 200
