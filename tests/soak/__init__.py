"""The long tests of `make soak`. The function's folder is put on the path, as pytest does it elsewhere."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "packages" / "v1" / "openai"))
