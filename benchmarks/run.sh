#!/bin/bash
# The whole comparison: sets up the peers once, measures, writes benchmarks/README.md.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bash "$here/setup.sh"
# Freed memory is kept. Otherwise glibc hands it back between two calls or not, as it happens, and
# whoever comes next pays for asking again: up to half of the floor's own time.
export MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=33554432
cd "$here/.."
exec "$here/.venv/bin/python" -m benchmarks.run "$@"
