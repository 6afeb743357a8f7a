"""Settings: the environment, checked, as one frozen dataclass."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assistant_function.errors import NotConfigured
from assistant_function.request.readers import MAX_NAME_CHARACTERS, MAX_TOKENS, MIN_TOKENS

SECRETS = ("OPENAI_API_KEY", "ACCESS_TOKEN", "ADMIN_TOKEN")
NATIVE = "native"
BACKENDS = ("responses", NATIVE)
OPENAI_URL = "https://api.openai.com/v1"
MAX_COUNT = 999_999_999
MAX_HEADER_CHARACTERS = 4096  # servers take a header of 8 KB, or less
MAX_URL_CHARACTERS = 2048
MAX_HOST_CHARACTERS = 253  # of DNS
IN_A_HEADER = f"at most {MAX_HEADER_CHARACTERS} printable ASCII characters"
_KEY = re.compile(rf"[!-~]{{1,{MAX_HEADER_CHARACTERS}}}")
_TOKEN = re.compile(rf"[ -~]{{1,{MAX_HEADER_CHARACTERS}}}")
_MODEL = re.compile(rf"[!-~]{{1,{MAX_NAME_CHARACTERS}}}")
_LABEL = "[A-Za-z0-9_-]{1,63}"
_HOST_AND_PORT = rf"({_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{1,5}}))?"
_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST_AND_PORT}")
_BASE_URL = re.compile(
    rf"[Hh][Tt][Tt][Pp][Ss]?://{_HOST_AND_PORT}(/(?:[A-Za-z0-9._~/-]|%[0-9A-Fa-f]{{2}})*)?"
)
_OWN_PATHS = ("assistants", "threads")  # what is asked for stands behind the address
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
    max_messages_per_call: int
    allowed_origins: tuple[str, ...]
    run_streaming: bool


def parse_settings(environment: Mapping[str, str]) -> Settings:
    """Raises NotConfigured (500) for a setting that cannot be meant."""
    backend = _read_text(environment, "ASSISTANTS_BACKEND") or "responses"
    if backend not in BACKENDS:
        raise NotConfigured(f"ASSISTANTS_BACKEND must be one of {', '.join(BACKENDS)}")
    return Settings(
        api_key=_read_checked(environment, "OPENAI_API_KEY", _KEY, "visible ASCII characters without spaces")
        or "",  # only the actions that need it complain
        base_url=_read_base_url(environment),
        backend=backend,
        model=_read_checked(environment, "OPENAI_MODEL", _MODEL, "a model's name in visible ASCII characters")
        or "gpt-6-luna",
        access_token=_read_checked(environment, "ACCESS_TOKEN", _TOKEN, IN_A_HEADER),
        admin_token=_read_checked(environment, "ADMIN_TOKEN", _TOKEN, IN_A_HEADER),
        max_message_chars=_read_count(environment, "MAX_MESSAGE_CHARS", 1, MAX_COUNT) or 32_000,
        max_completion_tokens=_read_count(environment, "MAX_COMPLETION_TOKENS", MIN_TOKENS, MAX_TOKENS),
        max_messages_per_call=_read_count(environment, "MAX_MESSAGES_PER_CALL", 1, MAX_COUNT) or 100,
        allowed_origins=_read_origins(environment),
        run_streaming=_read_switch(environment, "RUN_STREAMING"),
    )


def find_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that no answer and no log line may hold."""
    return tuple(value for name in SECRETS if (value := _read_text(environment, name)))


def _read_text(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name, "").strip()
    return None if value.lower() in UNSET else value


def _read_checked(
    environment: Mapping[str, str], name: str, pattern: re.Pattern[str], wanted: str
) -> str | None:
    value = _read_text(environment, name)
    if value is not None and not pattern.fullmatch(value):
        raise NotConfigured(f"{name} must be {wanted}")
    return value


def _read_base_url(environment: Mapping[str, str]) -> str:
    """OpenAI's own address is named too: left out, the SDK would read the variable itself, `none` and all."""
    value = _read_text(environment, "OPENAI_BASE_URL") or OPENAI_URL
    found = _BASE_URL.fullmatch(value[: MAX_URL_CHARACTERS + 1])
    if not found or len(value) > MAX_URL_CHARACTERS or not _is_address(found[1], found[2]):
        raise NotConfigured(f"OPENAI_BASE_URL must be an address like {OPENAI_URL}, without login and query")
    if not set(_OWN_PATHS).isdisjoint((found[3] or "").split("/")):
        raise NotConfigured(
            f"OPENAI_BASE_URL must end before {' or '.join(_OWN_PATHS)}, as {OPENAI_URL} does"
        )
    return value


def _is_address(host: str, port: str | None) -> bool:
    """Whether a host of the right characters can be asked, at this port."""
    if port is not None and not 0 < int(port) <= 65_535:
        return False
    if not re.fullmatch(r"[0-9.]+|\[.*", host):
        return len(host) <= MAX_HOST_CHARACTERS
    from ipaddress import ip_address  # seldom needed

    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _read_origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The origins as browsers send them: in small letters, without a slash at the end. `*` is every page."""
    given = (_read_text(environment, "ALLOWED_ORIGINS") or "").replace(",", " ").lower().split()
    if "*" in given:
        return ()
    origins = tuple(_drop_default_port(one.rstrip("/")) for one in given)
    if not all(_ORIGIN.fullmatch(one) for one in origins):
        raise NotConfigured("ALLOWED_ORIGINS must be none, *, or origins like https://example.org")
    return origins


def _read_switch(environment: Mapping[str, str], name: str) -> bool:
    """On, unless it is switched off."""
    value = _read_text(environment, name) or "on"
    if value.lower() not in ("on", "off"):
        raise NotConfigured(f"{name} must be on or off")
    return value.lower() == "on"


def _drop_default_port(origin: str) -> str:
    """Browsers leave it out."""
    scheme = origin.partition(":")[0]
    return origin.removesuffix({"https": ":443", "http": ":80"}.get(scheme, "/"))


def _read_count(environment: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    value = _read_text(environment, name)
    if value is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise NotConfigured(f"{name} must be a whole number from {least} to {most}, or none")
    return int(value)
