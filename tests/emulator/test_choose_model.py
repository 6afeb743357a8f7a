"""Which model answers."""

import sys

import pytest

from local.emulator.chat_completions import ChatCompletionsModel
from local.emulator.choose_model import choose_model


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCAL_MODEL", "LOCAL_MODEL_URL", "LOCAL_MODEL_NAME", "LOCAL_MODEL_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_echo_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_MODEL", "echo")
    assert choose_model().name == "echo"


def test_a_url_puts_another_server_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_MODEL_URL", "http://127.0.0.1:11434/v1")
    monkeypatch.setenv("LOCAL_MODEL_NAME", "llama3")
    model = choose_model()
    assert isinstance(model, ChatCompletionsModel)
    assert model.name == "llama3"


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_MODEL", "gpt-7")
    with pytest.raises(SystemExit, match="gpt-7"):
        choose_model()


def test_without_the_wheel_echo_answers_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.delitem(sys.modules, "local.emulator.smollm2", raising=False)
    assert choose_model().name == "echo"
    assert "cannot be loaded" in capsys.readouterr().err
