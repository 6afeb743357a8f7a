"""The server that other tests use as one that still speaks Assistants v2."""

from openai import OpenAI

from local.emulator.server import Emulator
from tests.native_server import start_native_server


def test_a_v2_client_without_the_transport_works_against_the_native_server(emulator: Emulator) -> None:
    with start_native_server(emulator.url) as server, OpenAI(base_url=server.url, api_key="test") as plain:
        assistant = plain.beta.assistants.create(model="gpt-6-luna", name="Ada")
        assert plain.beta.assistants.retrieve(assistant.id).name == "Ada"
        assert assistant.id.startswith("asst_")
        ids = [one.id for one in plain.beta.assistants.list(limit=1)]
        assert assistant.id in ids
        assert server.requests[:2] == [("POST", "/v1/assistants"), ("GET", f"/v1/assistants/{assistant.id}")]
