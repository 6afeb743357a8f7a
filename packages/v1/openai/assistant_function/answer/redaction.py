"""Takes keys and tokens out of texts, whoever wrote them and however they are spelled."""

import base64
import re
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"
MIN_SECRET_CHARACTERS = 6
MIN_BEGINNING_CHARACTERS = 8  # of a secret that somebody cut
MAX_TEXT_CHARACTERS = 1_000
CUT_MARKS = " .…\"'"  # what may follow where a text was cut

# How keys begin, and what follows: OpenAI (also its sessions), Groq, xAI, Google, Hugging Face, DigitalOcean,
# GitHub, AWS, and whatever was sent as a header. Asterisks stand in keys that are shown in part.
_KEY_SHAPES = {
    "sk-": "[A-Za-z0-9_*-]{8,}",
    "sess-": "[A-Za-z0-9_*-]{20,}",
    "gsk_": "[A-Za-z0-9*]{20,}",
    "xai-": "[A-Za-z0-9*]{20,}",
    "AIza": "[A-Za-z0-9_-]{30,}",
    "hf_": "[A-Za-z0-9]{30,}",
    "dop_v1_": "[0-9a-f]{32,}",
    "gh[opsu]_": "[A-Za-z0-9]{30,}",
    "AKIA": "[0-9A-Z]{16}",
    "Bearer ": "[A-Za-z0-9._~+/*=-]{16,}",
}
# A key begins where no letter or digit stands before it; but both may end an escape: `%2Fsk-…`, `\nsk-…`.
_ESCAPED = r"(?:(?<=%[0-9A-Fa-f]{2}sk-)|(?<=\\[bfnrt]sk-)|(?<=\\u[0-9A-Fa-f]{4}sk-))"
_KEYS = re.compile(
    "|".join(f"{begin}(?<![A-Za-z0-9]{begin}){rest}" for begin, rest in _KEY_SHAPES.items())
    + f"|sk-{_ESCAPED}{_KEY_SHAPES['sk-']}"
)


def hide_secrets(value: Any, secrets: tuple[str, ...]) -> Any:
    """The value with no secret, and nothing that looks like a key, in any of its texts."""
    if isinstance(value, dict):
        return {hide_secrets(key, secrets): hide_secrets(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [hide_secrets(inner, secrets) for inner in value]
    return _hide_in(value, secrets) if isinstance(value, str) else value


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """The text without secrets, and of at most some 1,000 characters. Hidden first, because half a key in a
    text that was cut is not found any more."""
    hidden = _hide_in(text, secrets)
    if len(hidden) <= MAX_TEXT_CHARACTERS:
        return hidden
    return f"{hidden[:MAX_TEXT_CHARACTERS]} [cut after {MAX_TEXT_CHARACTERS} of {len(hidden)} characters]"


def _hide_in(text: str, secrets: tuple[str, ...]) -> str:
    if len(text) < MIN_SECRET_CHARACTERS:
        return text
    for secret in secrets:
        if len(secret) < MIN_SECRET_CHARACTERS:
            continue
        for spelling in _list_spellings(secret):
            text = text.replace(spelling, HIDDEN)
        if "%" in text:
            text = _in_percent_encoding(secret).sub(HIDDEN, text)
        text = _hide_beginning(text, secret)
    return _KEYS.sub(HIDDEN, text)


@lru_cache(maxsize=8)
def _list_spellings(secret: str) -> tuple[str, ...]:
    """The secret itself, and what stands in base64 of any text that holds it: how that looks depends on where
    in a group of three bytes the secret begins."""
    found = [secret]
    data = secret.encode(errors="surrogatepass")
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + data).decode().rstrip("=")
        first, last = (shift * 8 + 5) // 6, (shift + len(data)) * 8 // 6  # characters of the secret alone
        found += [whole[first:last], whole[first:last].translate(str.maketrans("+/", "-_"))]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=8)
def _in_percent_encoding(secret: str) -> re.Pattern[str]:
    """The secret with any of its characters percent-encoded, once or several times."""
    encoded = {
        one: "".join(f"%(?:25)*{byte:02x}" for byte in one.encode(errors="surrogatepass"))
        for one in set(secret)
    }
    return re.compile("".join(f"(?:{re.escape(one)}|{encoded[one]})" for one in secret), re.IGNORECASE)


def _hide_beginning(text: str, secret: str) -> str:
    """The text without a long beginning of the secret at its end, where whoever wrote it has cut it."""
    end = len(text.rstrip(CUT_MARKS))
    begin = secret[:MIN_BEGINNING_CHARACTERS]
    start = text.find(begin, max(0, end - len(secret)), end) if len(begin) == MIN_BEGINNING_CHARACTERS else -1
    while start >= 0:
        if secret.startswith(text[start:end]):
            return text[:start] + HIDDEN + text[end:]
        start = text.find(begin, start + 1, end)
    return text
