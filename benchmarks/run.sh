#!/bin/bash
# The whole comparison: sets up the peers once, measures, writes benchmarks/README.md.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bash "$here/setup.sh"
cd "$here/.."
exec "$here/.venv/bin/python" -m benchmarks.run "$@"
