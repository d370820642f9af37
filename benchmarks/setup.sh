#!/bin/bash
# Makes benchmarks/.venv: the other libraries, beside the course's own torch (which is not
# installed a second time: the new environment looks into the course's for what it lacks).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
course="${VENV:-$here/../.venv}"
stamp="$here/.venv/.ready"
wanted="$(cat "$here/requirements.txt" "$here/setup.sh" | cksum)"

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
[ -x "$course/bin/python" ] || { echo "First make the course's environment: make test"; exit 1; }

rm -rf "$here/.venv"
"$course/bin/python" -m venv "$here/.venv"
packages() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])'; }
# addsitedir rather than a bare path: the course's own package hangs on a .pth file in there.
echo "import site; site.addsitedir(r'$(packages "$course")')" \
    > "$(packages "$here/.venv")/course.pth"
# Without dependencies: torchattacks pins an old requests, cleverhans asks for TensorFlow's parts.
"$here/.venv/bin/python" -m pip install --quiet --no-deps -r "$here/requirements.txt"
echo "$wanted" > "$stamp"
