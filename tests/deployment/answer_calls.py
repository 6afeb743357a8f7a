"""Answers calls as the platform's process does: to be run in the function's folder.

Reads one event a line, as JSON; prints a line for each: `status`, `bytes` of the answer as it is sent, and
`peak_kilobytes`, the most memory that this process has had so far."""

import contextlib
import io
import json
import os
import sys
from importlib import import_module

sys.path[0] = os.getcwd()
ACTIVATE = os.path.abspath("virtualenv/bin/activate_this.py")
if os.path.exists(ACTIVATE):
    with open(ACTIVATE) as script:
        exec(script.read(), {"__file__": ACTIVATE})  # noqa: S102 (as the platform does)

main = import_module("main__").main


def peak_kilobytes() -> int:
    """Not ru_maxrss, which counts what the parent had when it started this process."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()):  # the log
        answer = main(json.loads(line))
    sent = json.dumps(answer["body"], ensure_ascii=False).encode()
    seen = {"status": answer["statusCode"], "bytes": len(sent), "peak_kilobytes": peak_kilobytes()}
    seen["error"] = answer["body"]["error"]
    seen["count"] = [len(v) for v in (answer["body"]["data"] or {}).values() if isinstance(v, list)]
    print(json.dumps(seen), flush=True)
