"""OpenAI's own suite against the transport. The function's folder is put on the path, as pytest does it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "packages" / "v1" / "openai"))
