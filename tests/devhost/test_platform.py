"""What the platform does around the function: limits, times, CORS, processes."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import devhost
from local.devhost import Function


def call(url: str, **event: Any) -> httpx.Response:
    """One POST on a connection of its own."""
    return httpx.post(url, json=event, trust_env=False, timeout=20)


def wait_until(reached: Any, seconds: float = 5) -> None:
    """Wait until reached() is true."""
    give_up = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < give_up, "not reached in time"
        time.sleep(0.005)


def test_request_of_one_megabyte_passes_and_one_byte_more_is_413(client: httpx.Client) -> None:
    headers = {"content-type": "text/plain"}
    assert client.post("", content=b"x" * ((1 << 20) + 1), headers=headers).status_code == 413
    assert client.post("", content=b"x" * (1 << 20), headers=headers).status_code == 502, (
        "the echo is too long"
    )


def test_unknown_function_is_404(host: devhost.Host, client: httpx.Client) -> None:
    for path in ("/api/v1/web/fn-local/v1/other", "/api/v1/web/fn-local/v1/openaix", "/favicon.ico"):
        assert client.get(host.root + path).status_code == 404


def test_caller_is_cut_off_and_the_activation_goes_on(mirror: Path) -> None:
    with devhost.serve(mirror, wait_seconds=0.5, log=lambda _: None) as host:
        pid = call(host.url).json()["pid"]
        answer = call(host.url, act="sleep", seconds=0.8)
        assert answer.status_code == 504
        assert "x-openwhisk-activation-id" in answer.headers

        def finished() -> bool:
            seen = call(host.url).json()
            return bool(seen["pid"] == pid and seen["calls"] >= 3)

        wait_until(finished)


def test_timeout_of_project_yml_ends_the_process(mirror: Path) -> None:
    lines: list[str] = []
    with devhost.serve(Function(mirror, timeout_seconds=0.5), log=lines.append) as host:
        pid = call(host.url).json()["pid"]
        assert call(host.url, act="sleep", seconds=30).status_code == 504
        assert call(host.url).json()["pid"] != pid
        assert any("exceeded its time limits of 500 milliseconds" in line for line in lines)


def test_answers_carry_the_platforms_cors_headers_and_the_activation_id(client: httpx.Client) -> None:
    answer = client.get("")
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert answer.headers["x-openwhisk-activation-id"] == answer.json()["context"]["activation_id"]


def test_preflight_is_answered_by_the_platform(client: httpx.Client) -> None:
    answer = client.options("", headers={"Access-Control-Request-Headers": "x-mine"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH"
    assert answer.headers["access-control-allow-headers"] == "x-mine"
    assert "x-openwhisk-activation-id" not in answer.headers


def test_function_answers_preflight_itself_with_web_custom_options(mirror: Path) -> None:
    with devhost.serve(Function(mirror, custom_options=True), log=lambda _: None) as host:
        answer = httpx.options(host.url, trust_env=False)
        assert answer.json()["event"]["http"]["method"] == "OPTIONS"
        assert "access-control-allow-origin" not in answer.headers


def test_process_sees_its_settings_and_the_platform_and_nothing_else(client: httpx.Client) -> None:
    environment = client.get("").json()["environment"]
    assert environment["SETTING"] == "value"
    names = {name for name in environment if not name.startswith("__OW_")}
    assert names <= {"SETTING", "PATH", "PYTHONIOENCODING", "LC_CTYPE"}  # Python itself sets the last


def test_process_runs_in_the_functions_folder_as_main__(client: httpx.Client, mirror: Path) -> None:
    seen = client.get("").json()
    assert (seen["cwd"], seen["name"]) == (str(mirror), "main__")


def test_deadline_and_activation_are_told_both_ways(client: httpx.Client) -> None:
    seen = client.get("").json()
    assert 59_000 < seen["context"]["left"] <= 60_000
    assert seen["environment"]["__OW_DEADLINE"] == str(seen["context"]["deadline"])
    assert seen["environment"]["__OW_ACTIVATION_ID"] == seen["context"]["activation_id"]
    assert seen["context"]["function_name"] == "/fn-local/v1/openai"


def test_warm_call_is_the_next_in_the_same_process(client: httpx.Client) -> None:
    first, second = client.get("").json(), client.get("").json()
    assert (second["pid"], second["calls"]) == (first["pid"], first["calls"] + 1)


def test_calls_at_the_same_time_get_processes_of_their_own_up_to_a_limit(mirror: Path) -> None:
    with devhost.serve(mirror, most_processes=2, log=lambda _: None) as host, ThreadPoolExecutor(4) as pool:
        started = time.monotonic()
        answers = list(pool.map(lambda _: call(host.url, act="sleep", seconds=0.4).json(), range(4)))
        assert len({answer["pid"] for answer in answers}) == 2
        assert time.monotonic() - started >= 0.8, "the third and fourth waited"


def test_edited_function_is_loaded_anew(tmp_path: Path) -> None:
    source, part = tmp_path / "__main__.py", tmp_path / "part.py"
    source.write_text("import part\ndef main(event):\n    return {'body': part.TEXT}\n")
    part.write_text("TEXT = 'old'\n")
    with devhost.serve(tmp_path, log=lambda _: None) as host:
        assert call(host.url).text == "old"
        part.write_text("TEXT = 'new'\n")
        assert call(host.url).text == "new"
        assert not list(tmp_path.rglob("__pycache__"))


def test_function_that_cannot_be_loaded_is_502_until_it_is_mended(tmp_path: Path) -> None:
    lines: list[str] = []
    (tmp_path / "__main__.py").write_text("def main(event:\n")
    with devhost.serve(tmp_path, log=lines.append) as host:
        assert call(host.url).status_code == 502
        wait_until(lambda: any("SyntaxError" in line for line in lines))
        (tmp_path / "__main__.py").write_text("def main(event):\n    return {'body': 'mended'}\n")
        assert call(host.url).text == "mended"


def test_what_the_function_prints_reaches_the_log(mirror: Path) -> None:
    lines: list[str] = []
    with devhost.serve(mirror, log=lines.append) as host:
        call(host.url, act="print", text="grüß")
        wait_until(lambda: "grüß" in lines)


def test_openwhisk_dialect_has_ow_keys_and_no_context(mirror: Path) -> None:
    with devhost.serve(mirror, dialect="openwhisk", log=lambda _: None) as host:
        seen = httpx.post(f"{host.url}/sub?a=1", json=[1], trust_env=False).json()
        event = seen["event"]
        assert (event["a"], event["__ow_method"], event["__ow_path"]) == ("1", "post", "/sub")
        assert event["__ow_body"] == [1]
        assert event["__ow_headers"]["content-type"] == "application/json"
        assert "http" not in event
        assert seen["context"] is None


def test_invocation_without_a_url_has_no_http_key(host: devhost.Host) -> None:
    activation = host.gateway.invoke({"action": "x"})
    assert activation.outcome == "success"
    assert activation.result["body"]["event"] == {"action": "x"}


def test_no_process_is_left_behind(mirror: Path) -> None:
    with devhost.serve(mirror, log=lambda _: None) as host, ThreadPoolExecutor(2) as pool:
        busy = pool.submit(call, host.url, act="sleep", seconds=30)
        wait_until(lambda: len(host.gateway.pool.processes()) == 1)
        assert call(host.url).status_code == 200
        processes = host.gateway.pool.processes()
        assert len(processes) == 2
        host.gateway.pool.close()
        assert busy.result().status_code == 502
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_front_page_is_a_hint_until_there_is_a_page(mirror: Path, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    with devhost.serve(mirror, page=page) as host:
        assert httpx.get(host.root, trust_env=False).json()["function"] == host.url
        page.write_text("<title>Try it</title>")
        assert httpx.get(host.root, trust_env=False).text == "<title>Try it</title>"
