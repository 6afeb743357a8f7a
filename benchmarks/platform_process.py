"""What the platform starts: loads the function in the working directory and answers one call.

Tells the pipe whose number it is given when the function is imported, and when and how it has answered.
"""

import json
import os
import sys
from importlib import import_module

sys.path[0] = os.getcwd()
ACTIVATE = os.path.abspath("virtualenv/bin/activate_this.py")


def peak_kilobytes() -> int:
    """Of this process's memory."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


with open(ACTIVATE) as script, open(int(sys.argv[1]), "w") as told:
    exec(script.read(), {"__file__": ACTIVATE})  # noqa: S102 (as the platform does)
    function = import_module("main__").main
    print("imported", file=told, flush=True)
    answer = function({"action": "get-assistant", "assistantId": "asst_1"})
    outcome = {"statusCode": answer["statusCode"], "body": answer["body"], "peak_kilobytes": peak_kilobytes()}
    print(json.dumps(outcome), file=told, flush=True)
