"""Answers calls as the platform's process does: to be run in the function's folder.

Reads an event a line, as JSON, and prints as much a line: the status of the answer, and `peak_kilobytes`, the
most memory that this process has had until then."""

import contextlib
import io
import json
import os
import sys
from importlib import import_module

sys.path[0] = os.getcwd()
main = import_module("main__").main


def read_peak_kilobytes() -> int:
    """Not ru_maxrss, which counts what the parent had when it started this process."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()):  # the log
        answer = main(json.loads(line))
    json.dumps(answer)
    told = {"status": answer["statusCode"], "error": answer["body"].get("error")}
    print(json.dumps(told | {"peak_kilobytes": read_peak_kilobytes()}), flush=True)
