"""Which paths are OpenAI's, with or without `/v1` in front."""

V2_NAMES = ("assistants", "threads")
OTHER_NAMES = (
    *("agents", "audio", "batches", "chat", "chatkit", "completions", "containers", "conversations"),
    *("embeddings", "evals", "files", "fine_tuning", "images", "models", "moderations", "realtime"),
    *("responses", "skills", "uploads", "vector_stores", "videos"),
)


def is_openai_path(path: str) -> bool:
    """`/threads/thread_x`, `/v1/files`, and whatever else is behind `/v1`."""
    return path.startswith("/v1/") or _read_first_name(path) in (*V2_NAMES, *OTHER_NAMES)


def strip_version(path: str) -> str:
    """`/v1/threads` -> `/threads`: the base URL of the server behind the function has its own `/v1`."""
    return path.removeprefix("/v1") if path.startswith("/v1/") else path


def is_v2_path(path: str) -> bool:
    """Whether a path without version is one of Assistants v2."""
    return _read_first_name(path) in V2_NAMES


def is_about_assistants(path: str) -> bool:
    return _read_first_name(path) == V2_NAMES[0]


def _read_first_name(path: str) -> str:
    return path.removeprefix("/").split("/")[0]
