#!/usr/bin/env bash
# Run by the platform's builder in this folder: puts the packages and their byte code beside the function.
set -euo pipefail

PYTHON=3.11  # project.yml's runtime
SITE=virtualenv/lib/python$PYTHON/site-packages

rm -rf virtualenv
find . -name __pycache__ -prune -exec rm -rf {} +

virtualenv --quiet --without-pip virtualenv
pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt --target "$SITE"

# Every cold start unpacks the archive with new file times, so byte code that goes by them would be useless.
# The folder may be a checkout, where __main__.py may change: its byte code is checked by content.
python=virtualenv/bin/python
"$python" -m compileall -q -l --invalidation-mode checked-hash __main__.py
# The platform renames __main__.py, and with it the name that its byte code is looked up by.
mv "__pycache__/__main__.cpython-${PYTHON/./}.pyc" "__pycache__/main__.cpython-${PYTHON/./}.pyc"
# The packages, the function's own too: what it can load, as byte code. Last, because it removes
# virtualenv/bin/python too.
"$python" trim.py virtualenv
