"""The environment's settings: what each means, what is refused, what it changes."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_function.request.settings import SECRETS, parse_settings
from local.devhost.project import read_env_file
from tests.backends import BACKENDS
from tests.fake_upstream import THREAD, THREAD_PARAMS, Upstream, answer_always
from tests.invoke import KEY, FakeClock, make_function, web

# The contract's table, and what was added to it.
DEFAULTS: dict[str, Any] = {
    "OPENAI_API_KEY": ("api_key", ""),
    "OPENAI_BASE_URL": ("base_url", "https://api.openai.com/v1"),
    "ASSISTANTS_BACKEND": ("backend", "responses"),
    "OPENAI_MODEL": ("model", "gpt-6-luna"),
    "ACCESS_TOKEN": ("access_token", None),
    "ADMIN_TOKEN": ("admin_token", None),
    "MAX_MESSAGE_CHARS": ("max_message_chars", 32_000),
    "RUN_STREAMING": ("run_streaming", True),
    "MAX_MESSAGES_PER_CALL": ("max_messages_per_call", 100),
}
GIVEN = {
    "OPENAI_API_KEY": "k",
    "OPENAI_BASE_URL": "http://h/v1",
    "ASSISTANTS_BACKEND": "native",
    "OPENAI_MODEL": "m",
    "ACCESS_TOKEN": "a",
    "ADMIN_TOKEN": "b",
    "MAX_MESSAGE_CHARS": "5",
    "RUN_STREAMING": "off",
    "MAX_MESSAGES_PER_CALL": "7",
}


@pytest.mark.parametrize("value", ["", "none", "NONE", "  ", " none "])
def test_an_empty_value_means_the_default(value: str) -> None:
    settings = parse_settings(dict.fromkeys(DEFAULTS, value))
    assert settings == parse_settings({})
    assert {name: getattr(settings, name) for name, _ in DEFAULTS.values()} == dict(DEFAULTS.values())


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_setting_is_read(name: str) -> None:
    found = getattr(parse_settings(GIVEN), DEFAULTS[name][0])
    assert str(found) == {"off": "False"}.get(GIVEN[name], GIVEN[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASSISTANTS_BACKEND", "assistants"),
        ("ASSISTANTS_BACKEND", "Native"),
        ("RUN_STREAMING", "no"),
        ("MAX_MESSAGE_CHARS", "0"),
        ("MAX_MESSAGE_CHARS", "-1"),
        ("MAX_MESSAGE_CHARS", "many"),
        ("MAX_MESSAGES_PER_CALL", "0"),
        ("MAX_MESSAGE_CHARS", "9" * 5000),
        ("MAX_MESSAGE_CHARS", "٥"),
        ("OPENAI_BASE_URL", "api.openai.com/v1"),
        ("OPENAI_BASE_URL", "ftp://api.openai.com"),
        ("OPENAI_BASE_URL", "https://"),
        ("OPENAI_BASE_URL", "http://host:port/v1"),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1\nx"),
        *(("MAX_COMPLETION_TOKENS", few) for few in ("1", "15", "1000001", "-16", "16.0")),
        *(
            ("OPENAI_BASE_URL", f"http://{rest}")
            for rest in ("a..b/v1", ".a/v1", "256.1.1.1", "[::1]x", "[v1.a]")
        ),
        *(
            ("OPENAI_BASE_URL", f"http://{rest}")
            for rest in ("a b/v1", "h:0", "h:65536", "h:+8", "%41/v1", "h\\x")
        ),
        *(
            ("OPENAI_BASE_URL", f"http://{rest}")
            for rest in ("me:secret@h/v1", "h/v1?x=1", "h/v1#x", "*", "a,b")
        ),
        *(
            ("OPENAI_BASE_URL", f"https://h/v1/{rest}")
            for rest in ("assistants", "threads", "threads/", "ü", "%zz")
        ),
        ("OPENAI_BASE_URL", f"https://{'a' * 64}.example/v1"),
        ("OPENAI_BASE_URL", f"https://{'a.' * 127}example/v1"),
        ("OPENAI_BASE_URL", f"https://h/{'a' * 3000}"),
        *((name, "a" * 5000) for name in ("OPENAI_API_KEY", "ACCESS_TOKEN", "ADMIN_TOKEN", "OPENAI_MODEL")),
        *((name, "schlüssel") for name in ("ACCESS_TOKEN", "ADMIN_TOKEN", "OPENAI_MODEL", "ALLOWED_ORIGINS")),
        *(("ACCESS_TOKEN", odd) for odd in ("a\tb", "a\nb", "a\x00b", "\udcff")),
        ("OPENAI_MODEL", "gpt 6"),
        ("OPENAI_MODEL", "m" * 257),
        *(
            ("ALLOWED_ORIGINS", f"https://{rest}")
            for rest in ("*.example.org", "a..b", "me@a.example", "a.example:x")
        ),
        ("OPENAI_API_KEY", "sk-schlüssel"),
        ("OPENAI_API_KEY", "sk-1\nsk-2"),
        ("OPENAI_API_KEY", "sk 1"),
    ],
)
def test_a_bad_value_is_500_and_named(name: str, value: str) -> None:
    upstream = answer_always(200, THREAD)
    status, message = upstream.function(**{name: value}).error(**THREAD_PARAMS)
    assert (status, upstream.seen) == (500, [])
    assert message.startswith(f"{name} must ")
    assert name not in SECRETS or value not in message
    assert "secret" not in message


NAMES = sorted(read_env_file(Path(__file__).parents[3] / ".env.example"))
rubbish = (
    st.text(max_size=40)
    | st.integers(-5, 2_000_000).map(str)
    | st.from_regex(
        r"https?://[a-zA-Z0-9.:@\[\]_%-]{0,12}(:[0-9]{0,6})?(/[a-zA-Z0-9./?#%_-]{0,12})?", fullmatch=True
    )
    | st.sampled_from(["none", *GIVEN.values()])
)


def answer_like_both(request: httpx2.Request) -> httpx2.Response:
    """A thread or an assistant of either backend."""
    host = request.url.host
    assert ":" in host or host.encode("idna")  # what a look-up by name does first: it refuses `a..b`
    kind = "assistant" if request.url.path.endswith("assistants") else "thread"
    thing = {"id": "agent_1", "object": kind, "created_at": 1, "model": "m", "metadata": {}}
    return httpx2.Response(200, json=thing)


@settings(max_examples=150, deadline=None)
@given(backend=st.sampled_from(BACKENDS), name=st.sampled_from(NAMES), value=rubbish)
def test_rubbish_in_a_setting_is_told_by_its_name_or_does_no_harm(
    backend: str, name: str, value: str
) -> None:
    """It is never the caller who is blamed for it."""
    upstream = Upstream(answer_like_both)
    given = {"ASSISTANTS_BACKEND": backend, "OPENAI_BASE_URL": "http://upstream.test/v1", name: value}
    function = make_function(given, transport=httpx2.MockTransport(upstream), clock=FakeClock())
    token = value.strip() if "TOKEN" in name else KEY
    for params in (THREAD_PARAMS, {"action": "create-assistant", "name": "n"}):
        answer = function.main(params | web("POST", {"authorization": f"Bearer {token}"}))
        if answer["statusCode"] != 200:
            assert answer["statusCode"] == 500
            assert answer["body"]["error"].startswith(f"{name} "), answer


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
