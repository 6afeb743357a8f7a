"""The server that other tests use as one that still speaks Assistants v2."""

from typing import Any

import pytest
from openai import APIConnectionError, OpenAI

from local.emulator.server import Emulator
from local.emulator.stream_faults import StreamFaults
from tests.native_server import start_native_server


def test_a_v2_client_without_the_transport_works_against_the_native_server(emulator: Emulator) -> None:
    with start_native_server(emulator.url) as server, OpenAI(base_url=server.url, api_key="test") as plain:
        assistant = plain.beta.assistants.create(model="gpt-6-luna", name="Ada")
        assert plain.beta.assistants.retrieve(assistant.id).name == "Ada"
        assert assistant.id.startswith("asst_")
        ids = [one.id for one in plain.beta.assistants.list(limit=1)]
        assert assistant.id in ids
        assert server.requests[:2] == [("POST", "/v1/assistants"), ("GET", f"/v1/assistants/{assistant.id}")]


def test_it_passes_streams_on_as_they_come_and_breaks_off_where_they_do(
    emulator: Emulator, stream_faults: StreamFaults
) -> None:
    with start_native_server(emulator.url) as server, OpenAI(base_url=server.url, api_key="test") as plain:
        assistant = plain.beta.assistants.create(model="gpt-6-luna").id
        messages: Any = [{"role": "user", "content": "/pace 20\n/say a b c"}]
        thread = plain.beta.threads.create(messages=messages).id
        with plain.beta.threads.runs.stream(thread_id=thread, assistant_id=assistant) as stream:
            assert next(iter(stream.text_deltas)) == "a "
            run = stream.current_run
            assert run
            plain.beta.threads.runs.cancel(run.id, thread_id=thread)
            assert stream.get_final_run().status == "cancelled"
        stream_faults.drop_after = 3
        broken = plain.beta.threads.runs.create(thread, assistant_id=assistant, stream=True)
        with pytest.raises(APIConnectionError):
            list(broken)
