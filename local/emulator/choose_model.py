"""Which of the three models answers."""

import importlib
import os
import sys

from local.emulator.chat_completions import ChatCompletionsModel
from local.emulator.echo import EchoModel
from local.emulator.models import Model


def choose_model() -> Model:
    """The model that LOCAL_MODEL_URL or LOCAL_MODEL (`smollm2`, the default, or `echo`) names.

    Where the packages of the small model cannot be loaded, echo takes its place and stderr says so.
    """
    if url := os.environ.get("LOCAL_MODEL_URL"):
        return ChatCompletionsModel(
            url, os.environ.get("LOCAL_MODEL_NAME"), os.environ.get("LOCAL_MODEL_KEY")
        )
    name = os.environ.get("LOCAL_MODEL") or "smollm2"
    if name not in ("smollm2", "echo"):
        raise SystemExit(f"LOCAL_MODEL is {name!r}; it can be smollm2 or echo")
    return EchoModel() if name == "echo" else load_small_model()


def load_small_model() -> Model:
    """The small model, imported only here, because its packages may be missing; else echo."""
    try:
        small: Model = importlib.import_module("local.emulator.smollm2").SmolLM2()
    except (ImportError, OSError, RuntimeError) as error:
        print(f"The small model cannot be loaded ({error}): answers are echoes.", file=sys.stderr)
        return EchoModel()
    return small
