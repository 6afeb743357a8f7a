"""The function as the platform calls it: loaded by its path, under the name main__."""

import importlib.util
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2

from assistant_function.request.event import Runtime

MAIN = Path(__file__).parents[1] / "packages" / "v1" / "openai" / "__main__.py"
KEY = "sk-test-0123456789abcdef"
CAUTION = "the change may have been carried out: look before you repeat it"
EPOCH_SECONDS = 1_800_000_000.0
Json = dict[str, Any]


@lru_cache
def load_main() -> Callable[..., Json]:
    """Loads `main` of packages/v1/openai/__main__.py."""
    spec = importlib.util.spec_from_file_location("main__", MAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main: Callable[..., Json] = module.main
    return main


@dataclass
class FakeClock:
    """A clock that stands still until somebody sleeps, which takes no time."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return EPOCH_SECONDS + self.seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


class HastyClock(FakeClock):
    """The real clock, but sleeping takes no time: it only moves the clock."""

    def now(self) -> float:
        return time.monotonic() + self.seconds


class RealClock(HastyClock):
    """The real clock, and real sleep."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class FastClock(HastyClock):
    """Time runs ten times as fast: for deadlines that are seconds away."""

    def now(self) -> float:
        return 10 * time.monotonic() + self.seconds


class BriskClock(HastyClock):
    """The real clock, but a pause takes a tenth of its time: for runs that end at once."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 10)


@dataclass(frozen=True)
class Context:
    """The second argument that DigitalOcean passes to main."""

    milliseconds: float
    activation_id: str = "activation"
    function_name: str = "/ns/v1/openai"

    def get_remaining_time_in_millis(self) -> float:
        return self.milliseconds


@dataclass(frozen=True)
class Function:
    """`function(action=..., ...)` is one call with these parameters -> {statusCode, headers, body}."""

    runtime: Runtime

    def __call__(self, **params: Any) -> Json:
        return self.main(params)

    def main(self, args: Any, *context: Any) -> Json:
        """Calls main as it is by action; its answer has to be an envelope."""
        answer = self.request(args, *context)
        assert answer["statusCode"] == 204 or answer["body"].keys() >= {"success", "data", "error"}
        return answer

    def ask(self, method: str, path: str, /, headers: Mapping[str, str] | None = None, **given: Any) -> Json:
        """A request by path, with what the platform made of query and body."""
        return self.request(given | web(method, headers, path=path))

    def request(self, args: Any, *context: Any) -> Json:
        """Calls main as it is, by action or by path; its answer has to be one that the platform can send."""
        answer = load_main()(args, *context, runtime=self.runtime)
        json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
        return answer

    def data(self, **params: Any) -> Json:
        """Calls, and returns the data of the answer, which has to be a success."""
        answer = self(**params)
        assert (answer["statusCode"], answer["body"]["error"]) == (200, None), answer["body"]
        data: Json = answer["body"]["data"]
        return data

    def error(self, **params: Any) -> tuple[int, str]:
        """Calls, and returns status and message of the answer, which has to be a failure."""
        answer = self(**params)
        assert answer["body"]["success"] is False, answer["body"]
        return answer["statusCode"], answer["body"]["error"]


def make_function(
    environment: Mapping[str, str] | None = None,
    *,
    transport: httpx2.BaseTransport | None = None,
    clock: FakeClock | None = None,
) -> Function:
    """Makes the function with its own environment and network; without a clock it has the real one."""
    given = {"OPENAI_API_KEY": KEY} | dict(environment or {})
    if clock is None:
        return Function(Runtime(environment=given, transport=transport))
    return Function(Runtime(given, clock.now, clock.sleep, clock.wall, transport))


def web(method: str = "POST", headers: Mapping[str, str] | None = None, **more: Any) -> Json:
    """The key that DigitalOcean adds to the parameters of a web call."""
    return {"http": {"method": method, "headers": dict(headers or {}), "path": "", **more}}
