"""By path over devhost and a real socket: what HTTP asks of HEAD and OPTIONS, and of addresses."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local import devhost
from local.emulator.server import Emulator

FUNCTION = Path(__file__).parents[3] / "packages" / "v1" / "openai"
# what tells nothing of the answer itself, or is another one with each
OF_ONE_ANSWER = {"date", "x-openwhisk-activation-id", "x-request-id", "openai-processing-ms"}


@pytest.fixture(scope="module")
def client(openai_at_home: Emulator) -> Iterator[httpx.Client]:
    """A deployed function: the platform leaves OPTIONS to it."""
    settings = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": openai_at_home.url}
    function = devhost.Function(FUNCTION, settings, custom_options=True)
    with (
        devhost.serve(function, log=lambda _: None) as host,
        httpx.Client(base_url=host.url, trust_env=False, timeout=20) as opened,
    ):
        yield opened


def pick_headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_ONE_ANSWER}


def test_head_tells_what_get_would_and_sends_no_body(client: httpx.Client) -> None:
    thread = client.post("/v1/threads", json={}).json()["id"]
    whole, head = client.get(f"/v1/threads/{thread}"), client.head(f"/v1/threads/{thread}")
    assert (whole.json()["id"], head.content) == (thread, b"")
    assert (head.status_code, pick_headers(head)) == (200, pick_headers(whole))
    assert client.head("/v1/threads/thread_none").status_code == 404


def test_a_page_may_send_what_the_sdks_send(client: httpx.Client) -> None:
    wanted = "authorization,content-type,openai-beta,x-stainless-os"
    headers = {
        "origin": "https://page.example",
        "access-control-request-method": "DELETE",
        "access-control-request-headers": wanted,
    }
    answer = client.options("/v1/threads/thread_1", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert answer.headers["access-control-allow-headers"] == wanted
    assert "DELETE" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    "path", ["/threads/a%2F..%2Fassistants", "/threads/%2e%2e", "/threads/a%00", "/threads/ä"]
)
def test_an_address_that_hides_another_is_refused(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 400


def test_query_and_body_are_told_apart_behind_the_platform(client: httpx.Client) -> None:
    assistant = client.post("/assistants", json={"model": "m", "metadata": {"limit": "2"}}).json()
    assert assistant["metadata"] == {"limit": "2"}
    assert len(client.get("/assistants", params={"limit": "1", "order": "desc"}).json()["data"]) == 1
    thread = client.post("/threads", json={"messages": [{"role": "user", "content": "/say Hi"}]}).json()["id"]
    included = {"include[]": "step_details.tool_calls[*].file_search.results[*].content"}
    run = client.post(f"/threads/{thread}/runs", params=included, json={"assistant_id": assistant["id"]})
    assert run.json()["object"] == "thread.run"
