"""Settings: the environment as one frozen dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant_function.errors import NotConfigured

SECRETS = ("OPENAI_API_KEY", "ACCESS_TOKEN", "ADMIN_TOKEN")
BACKENDS = ("responses", "native")
UNSET = ("", "none")  # the platform refuses to deploy empty values, therefore `none`


@dataclass(frozen=True)
class Settings:
    """What CONTRACT and README list under settings; a token of None leaves the function open."""

    api_key: str
    base_url: str | None
    backend: str
    model: str
    access_token: str | None
    admin_token: str | None
    max_message_chars: int


def read(environment: Mapping[str, str]) -> Settings:
    """Raises NotConfigured (500) for a setting that cannot be meant."""
    backend = _text(environment, "ASSISTANTS_BACKEND") or "responses"
    if backend not in BACKENDS:
        raise NotConfigured(f"ASSISTANTS_BACKEND must be one of {', '.join(BACKENDS)}")
    return Settings(
        api_key=_text(environment, "OPENAI_API_KEY") or "",
        base_url=_text(environment, "OPENAI_BASE_URL"),
        backend=backend,
        model=_text(environment, "OPENAI_MODEL") or "gpt-6-luna",
        access_token=_text(environment, "ACCESS_TOKEN"),
        admin_token=_text(environment, "ADMIN_TOKEN"),
        max_message_chars=_count(environment, "MAX_MESSAGE_CHARS") or 32_000,
    )


def secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What no answer may hold."""
    return tuple(value for name in SECRETS if (value := _text(environment, name)))


def _text(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name, "").strip()
    return None if value.lower() in UNSET else value


def _count(environment: Mapping[str, str], name: str) -> int | None:
    value = _text(environment, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value[:10]) > 0):
        raise NotConfigured(f"{name} must be a whole number above 0, or none")
    return int(value)
