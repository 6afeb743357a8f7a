"""The README is short, and its two browser snippets do under node what they say."""

import subprocess

import pytest

from tests.docs.pages import README, SHOWN_URL, Caller, run_javascript

MAX_WORDS = 1_200
# The original README's snippet, which must stay to the letter.
ORIGINAL_SNIPPET = """\
// 1. Create a new thread
const createResponse = await fetch('...?action=create-thread');
const { threadId } = await createResponse.json();

// 2. Send a message
await fetch(`...?action=send-message&threadId=${threadId}&message=What is the weather?`);

// 3. Run the assistant
const runResponse = await fetch(`...?action=run-assistant&threadId=${threadId}&assistantId=asst_xyz`);
const { response } = await runResponse.json();

// 4. Get conversation history
const messages = await fetch(`...?action=list-messages&threadId=${threadId}`);
"""
NOTE_STATUSES = """
const statuses = [], plainFetch = globalThis.fetch;
globalThis.fetch = async (...given) => {
  const response = await plainFetch(...given);
  statuses.push(response.status);
  return response;
};
"""


def test_it_is_read_in_a_few_minutes() -> None:
    assert len(README.text.split()) <= MAX_WORDS


def test_it_says_near_the_top_what_was_never_tried() -> None:
    top = README.text[: len(README.text) // 4]
    assert "not tried on the live OpenAI and the live DigitalOcean" in " ".join(top.split())


def test_the_original_snippet_runs_with_its_dots_replaced_by_the_url(caller: Caller, url: str) -> None:
    original, _ = README.blocks("javascript")
    assert original == ORIGINAL_SNIPPET
    script = original.replace("...", url).replace("asst_xyz", caller.ids["assistantId"])
    script += "console.log(JSON.stringify([response, await messages.json()]));"
    response, listed = run_javascript(script)
    assert "What is the weather?" in response  # the echo shows the thread that reached it
    assert [one["content"] for one in listed["data"]["messages"]] == ["What is the weather?", response]


def snippet_to_copy(assistant_id: str, url: str) -> str:
    _, snippet = README.blocks("javascript")
    assert SHOWN_URL in snippet
    return snippet.replace(SHOWN_URL, url).replace("asst_xyz", assistant_id)


def test_the_snippet_to_copy_carries_any_text(caller: Caller, url: str) -> None:
    script = snippet_to_copy(caller.ids["assistantId"], url)
    script = script.replace("What is the weather?", "/say Fish & chips: 100%, #1+1?")
    assert run_javascript(f"{script}\nconsole.log(JSON.stringify(response));") == "Fish & chips: 100%, #1+1?"


def test_the_snippet_to_copy_takes_up_a_run_that_goes_on(caller: Caller, url: str) -> None:
    script = snippet_to_copy(caller.ids["assistantId"], url)
    script = script.replace("What is the weather?", r"/wait 1\n/say Sunny.")
    script = script.replace('action: "chat"', 'action: "chat", wait: 0')
    script = f"{NOTE_STATUSES}{script}\nconsole.log(JSON.stringify([response, statuses]));"
    response, statuses = run_javascript(script)
    assert response == "Sunny."
    assert statuses[0] == 202
    assert statuses[-1] == 200


def test_the_snippet_to_copy_notices_a_failure(url: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_javascript(snippet_to_copy("a/b", url))
    assert "assistantId must be an id" in caught.value.stderr
