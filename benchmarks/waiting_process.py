"""A process that waits for runs: loads the function in the folder that it is given, and answers calls.

Reads `{"threadId": …}` from each line of its input; tells the time of day when the answer was out.
"""

import json
import sys
import time
from pathlib import Path
from runpy import run_path


def main(folder: Path) -> None:
    """Runs until its input ends; the function's log goes nowhere."""
    sys.path.insert(0, str(folder))
    function = run_path(str(folder / "__main__.py"))["main"]
    told = sys.stdout
    with open("/dev/null", "w") as log:
        for line in sys.stdin:
            sys.stdout = log
            answer = function({"action": "run-assistant", "assistantId": "asst_1", **json.loads(line)})
            out = time.time()
            assert answer["statusCode"] == 200, answer
            print(out, file=told, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
