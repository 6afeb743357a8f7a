"""Settings: the environment, checked, as one frozen dataclass."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant_function.errors import NotConfigured

SECRETS = ("OPENAI_API_KEY", "ACCESS_TOKEN", "ADMIN_TOKEN")
NATIVE = "native"
BACKENDS = ("responses", NATIVE)
OPENAI_URL = "https://api.openai.com/v1"
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[!-.0-~]+")
UNSET = ("", "none")  # the platform refuses to deploy empty values, therefore `none`


@dataclass(frozen=True)
class Settings:
    """What docs/actions.md lists under settings; a token of None leaves the function open."""

    api_key: str
    base_url: str
    backend: str
    model: str
    access_token: str | None
    admin_token: str | None
    max_message_chars: int
    max_completion_tokens: int | None
    allowed_origins: tuple[str, ...]
    run_streaming: bool


def parse_settings(environment: Mapping[str, str]) -> Settings:
    """Raises NotConfigured (500) for a setting that cannot be meant."""
    backend = _read_text(environment, "ASSISTANTS_BACKEND") or "responses"
    if backend not in BACKENDS:
        raise NotConfigured(f"ASSISTANTS_BACKEND must be one of {', '.join(BACKENDS)}")
    return Settings(
        api_key=_read_key(environment),
        base_url=_read_base_url(environment),
        backend=backend,
        model=_read_text(environment, "OPENAI_MODEL") or "gpt-6-luna",
        access_token=_read_text(environment, "ACCESS_TOKEN"),
        admin_token=_read_text(environment, "ADMIN_TOKEN"),
        max_message_chars=_read_count(environment, "MAX_MESSAGE_CHARS") or 32_000,
        max_completion_tokens=_read_count(environment, "MAX_COMPLETION_TOKENS"),
        allowed_origins=_read_origins(environment),
        run_streaming=_read_switch(environment, "RUN_STREAMING"),
    )


def find_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that no answer and no log line may hold."""
    return tuple(value for name in SECRETS if (value := _read_text(environment, name)))


def _read_text(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name, "").strip()
    return None if value.lower() in UNSET else value


def _read_key(environment: Mapping[str, str]) -> str:
    """Empty where there is none: only the actions that need it complain."""
    value = _read_text(environment, "OPENAI_API_KEY") or ""
    if value and not _VISIBLE_ASCII.fullmatch(value):
        raise NotConfigured("OPENAI_API_KEY must be visible ASCII characters without spaces")
    return value


def _read_base_url(environment: Mapping[str, str]) -> str:
    """OpenAI's own address is named too: left out, the SDK would read the variable itself, `none` and all."""
    value = _read_text(environment, "OPENAI_BASE_URL") or OPENAI_URL
    try:
        parts = urlsplit(value)
        fits = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:  # a port that is no number
        fits = False
    if not fits or not _VISIBLE_ASCII.fullmatch(value):
        raise NotConfigured("OPENAI_BASE_URL must be an address that begins with https:// or http://")
    return value


def _read_origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The origins as browsers send them: in small letters, without a slash at the end. `*` is every page."""
    given = (_read_text(environment, "ALLOWED_ORIGINS") or "").replace(",", " ").lower().split()
    if "*" in given:
        return ()
    origins = tuple(one.rstrip("/") for one in given)
    if not all(_ORIGIN.fullmatch(one) for one in origins):
        raise NotConfigured("ALLOWED_ORIGINS must be none, *, or origins like https://example.org")
    return origins


def _read_switch(environment: Mapping[str, str], name: str) -> bool:
    """On, unless it is switched off."""
    value = _read_text(environment, name) or "on"
    if value.lower() not in ("on", "off"):
        raise NotConfigured(f"{name} must be on or off")
    return value.lower() == "on"


def _read_count(environment: Mapping[str, str], name: str) -> int | None:
    value = _read_text(environment, name)
    if value is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", value) or int(value) == 0:
        raise NotConfigured(f"{name} must be a whole number above 0, or none")
    return int(value)
