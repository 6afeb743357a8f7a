"""The environment's settings: what each means, what is refused, what it changes."""

from typing import Any

import pytest

from assistant_function.request.settings import parse_settings
from tests.fake_upstream import THREAD, THREAD_PARAMS, answer_always

# The contract's table, and what was added to it.
DEFAULTS: dict[str, Any] = {
    "OPENAI_API_KEY": ("api_key", ""),
    "OPENAI_BASE_URL": ("base_url", "https://api.openai.com/v1"),
    "ASSISTANTS_BACKEND": ("backend", "responses"),
    "OPENAI_MODEL": ("model", "gpt-6-luna"),
    "ACCESS_TOKEN": ("access_token", None),
    "ADMIN_TOKEN": ("admin_token", None),
    "MAX_MESSAGE_CHARS": ("max_message_chars", 32_000),
}
GIVEN = {
    "OPENAI_API_KEY": "k",
    "OPENAI_BASE_URL": "http://h/v1",
    "ASSISTANTS_BACKEND": "native",
    "OPENAI_MODEL": "m",
    "ACCESS_TOKEN": "a",
    "ADMIN_TOKEN": "b",
    "MAX_MESSAGE_CHARS": "5",
}


@pytest.mark.parametrize("value", ["", "none", "NONE", "  ", " none "])
def test_an_empty_value_means_the_default(value: str) -> None:
    settings = parse_settings(dict.fromkeys(DEFAULTS, value))
    assert settings == parse_settings({})
    assert {name: getattr(settings, name) for name, _ in DEFAULTS.values()} == dict(DEFAULTS.values())


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_setting_is_read(name: str) -> None:
    assert str(getattr(parse_settings(GIVEN), DEFAULTS[name][0])) == GIVEN[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASSISTANTS_BACKEND", "assistants"),
        ("ASSISTANTS_BACKEND", "Native"),
        ("MAX_MESSAGE_CHARS", "0"),
        ("MAX_MESSAGE_CHARS", "-1"),
        ("MAX_MESSAGE_CHARS", "many"),
        ("MAX_MESSAGE_CHARS", "9" * 5000),
        ("MAX_MESSAGE_CHARS", "٥"),
        ("OPENAI_BASE_URL", "api.openai.com/v1"),
        ("OPENAI_BASE_URL", "ftp://api.openai.com"),
        ("OPENAI_BASE_URL", "https://"),
        ("OPENAI_BASE_URL", "http://host:port/v1"),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1\nx"),
        ("OPENAI_API_KEY", "sk-schlüssel"),
        ("OPENAI_API_KEY", "sk-1\nsk-2"),
        ("OPENAI_API_KEY", "sk 1"),
    ],
)
def test_a_bad_value_is_500_and_named(name: str, value: str) -> None:
    upstream = answer_always(200, THREAD)
    status, message = upstream.function(**{name: value}).error(**THREAD_PARAMS)
    assert (status, upstream.seen) == (500, [])
    assert message.startswith(f"{name} ")
    assert name != "OPENAI_API_KEY" or value not in message


@pytest.mark.parametrize("value", ["", "none"])
def test_a_missing_key_is_500_and_named(value: str) -> None:
    assert answer_always(200, THREAD).function(OPENAI_API_KEY=value).error(**THREAD_PARAMS) == (
        500,
        "OPENAI_API_KEY is missing; set it in the function's environment",
    )


@pytest.mark.parametrize("value", ["none", ""])
@pytest.mark.parametrize("backend_name", ["native", "responses"])
def test_without_a_base_url_openai_is_asked(
    monkeypatch: pytest.MonkeyPatch, value: str, backend_name: str
) -> None:
    """The SDK reads OPENAI_BASE_URL too, and `none` is no address."""
    monkeypatch.setenv("OPENAI_BASE_URL", value)
    upstream = answer_always(400)
    upstream.function(OPENAI_BASE_URL=value, ASSISTANTS_BACKEND=backend_name)(**THREAD_PARAMS)
    path = "threads/thread_1" if backend_name == "native" else "conversations/conv_1"
    assert str(upstream.seen[0].url) == f"https://api.openai.com/v1/{path}"


@pytest.mark.parametrize(
    "url", ["http://h:81/v1", "http://h:81/v1/", "https://h/a/b", "http://[::1]:8080/v1"]
)
def test_the_base_url_is_asked(url: str) -> None:
    upstream = answer_always(200, THREAD)
    upstream.function(OPENAI_BASE_URL=url).data(**THREAD_PARAMS)
    assert str(upstream.seen[0].url) == f"{url.rstrip('/')}/threads/thread_1"
    assert upstream.seen[0].headers["authorization"].startswith("Bearer sk-test-")


def test_a_new_setting_counts_in_a_warm_process() -> None:
    for key in ("key-one", "key-two"):
        upstream = answer_always(200, THREAD)
        upstream.function(OPENAI_API_KEY=key).data(**THREAD_PARAMS)
        assert upstream.seen[0].headers["authorization"] == f"Bearer {key}"


@pytest.mark.parametrize(("setting", "model"), [("none", "gpt-6-luna"), ("other", "other")])
def test_the_model_of_an_assistant_made_without_one(setting: str, model: str) -> None:
    upstream = answer_always(400)
    upstream.function(OPENAI_MODEL=setting)(action="create-assistant", name="n")
    upstream.function(OPENAI_MODEL=setting)(action="create-assistant", name="n", model="mine")
    assert [body["model"] for body in upstream.bodies()] == [model, "mine"]
