"""Keys and tokens in a text: hidden in every spelling, also where somebody cut them; other words stay."""

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from assistant_function.answer.redaction import HIDDEN, hide_secrets, redact
from tests.fake_upstream import SEND, THREAD_PARAMS, answer_always, answer_in_turn, error
from tests.invoke import KEY

TOKEN = "k+/aYf?&=0123456789~"
SECRETS = (KEY, TOKEN)
CUT = " [cut after 1000 of "

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, small letters": lambda text: quote(text, safe="").lower(),
    "every letter in percent": lambda text: "".join(f"%{ord(one):02X}" for one in text),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in a URL": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 of a header": lambda text: base64.b64encode(f"Bearer {text}\r\n".encode()).decode(),
    "base64 of a login": lambda text: base64.b64encode(f":{text}".encode()).decode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"key": text})),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=list(SPELLINGS))
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_hidden_in_every_spelling(secret: str, spell: Callable[[str], str]) -> None:
    shown = redact(f"You sent <{spell(secret)}>, which is wrong.", SECRETS)
    assert shown.startswith("You sent <")
    assert shown.endswith(">, which is wrong.")
    around = shown[len("You sent <") : -len(">, which is wrong.")].replace(HIDDEN, "", 1)
    assert len(around) <= 18 < len(secret), shown


@pytest.mark.parametrize("mark", ["", "...", "…", '"'])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_beginning_at_the_end_of_a_text_is_hidden(secret: str, mark: str) -> None:
    for length in range(8, len(secret)):
        assert redact(f"You sent {secret[:length]}{mark}", SECRETS) == f"You sent {HIDDEN}{mark}"


@pytest.mark.parametrize("before", [970, 985, 997, 1000])
@pytest.mark.parametrize("params", [THREAD_PARAMS, SEND], ids=["read", "change"])
def test_a_cut_leaves_no_piece_of_a_key(before: int, params: dict[str, str]) -> None:
    words = "x" * (before - 1) + " " + KEY + " y" * 500
    _, message = answer_in_turn(error(400, words)).function().error(**params)
    assert "sk-" not in message
    assert CUT in message


KEYS = [
    "sk-proj-AbCd***********wxyz",
    "sk-AbCdEfGh",
    "my_sk-AbCdEfGh01",
    "%22sk-AbCdEfGh01",
    "%2fsk-AbCdEfGh01",
    "\\nsk-AbCdEfGh01",
    "\\u0022sk-AbCdEfGh01",
    "sess-" + "aB3" * 13,
    "gsk_" + "aB3" * 17,
    "xai-" + "aB3" * 26,
    "AIza" + "aB3-_" * 7,
    "hf_" + "aBc" * 11,
    "dop_v1_" + "0a" * 32,
    "ghp_" + "aB3" * 12,
    "AKIA" + "ABCD2345" * 2,
    "Bearer eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo",
]


@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_key_is_hidden_though_nobody_knows_it(key: str) -> None:
    shown = hide_secrets({"a": [f"({key})"]}, ())["a"][0]
    assert HIDDEN in shown
    assert key[-8:] not in shown


@pytest.mark.parametrize(
    "words",
    [
        "a task-management-system, risk-free, disk-intensive",
        "a token is required: Authorization: Bearer <token>",
        "OPENAI_API_KEY is refused by OpenAI; set a valid key",
        "sessions sess-1 gsk_ xai-mode AKIA hf_hub_download 100 % of 50%25",
        "this assistant is not known",
    ],
)
def test_other_words_stay(words: str) -> None:
    assert redact(words, ("assistant-token-1", KEY)) == words


def test_a_secret_shorter_than_six_characters_would_hide_too_much() -> None:
    assert redact("a message", ("a", "age")) == "a message"


def test_a_text_is_cut_and_says_so() -> None:
    assert redact("x" * 1000, ()) == "x" * 1000
    assert redact("x" * 1001, ()) == "x" * 1000 + CUT + "1001 characters]"


@pytest.mark.parametrize("status", [400, 500])
def test_advice_stands_behind_words_that_are_too_long(status: int) -> None:
    _, message = answer_in_turn(error(status, "word " * 100_000)).function().error(**THREAD_PARAMS)
    assert len(message) < 1_100
    assert message.endswith("; try again") is (status == 500)


def test_a_long_id_of_a_request_does_not_fill_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    upstream = answer_always(400, {"error": {}}, {"x-request-id": "r" * 990 + KEY + "r" * 50_000})
    upstream.function()(**THREAD_PARAMS)
    line = json.loads(capsys.readouterr().out)
    assert len(line["openaiRequestId"]) < 1_100
    assert "sk-" not in line["openaiRequestId"]


HOSTILE = {
    "beginnings of the key": KEY[:-1],
    "keys": KEY,
    "percent": "%41",
    "percent of percent": "%25",
    "one long escape": "25",
    "half a shape": "sk-abc ",
    "shapes": "sk-",
    "one letter": "s",
    "bearers": "Bearer ",
    "quoted beginnings": "".join(f"%{ord(one):02X}" for one in KEY[:-1]),
    "ends": ". ",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=list(HOSTILE))
def test_a_text_costs_in_proportion_to_its_length(piece: str) -> None:
    """In the square of it, this would take minutes."""
    text = "%" + piece * (500_000 // len(piece))
    began = time.process_time()
    hide_secrets(text, SECRETS)
    assert time.process_time() - began < 5
