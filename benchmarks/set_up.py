"""Make benchmarks/.venv: the other libraries, beside the course's own torch.

    .venv/bin/python -m benchmarks.set_up

torch is not installed a second time: the new environment looks into the course's, whose Python runs
this, for what it lacks. Standard library only; `make bench` calls it.
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tools.setup_env import python_of

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
LISTED = HERE / "requirements.txt"
STAMP = VENV / "ready"


def main() -> int:
    wanted = hashlib.sha256(LISTED.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    python = str(python_of(VENV))
    where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    said = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    own = Path(said.stdout.strip())
    # addsitedir rather than a bare path: the course's own package hangs on a .pth file in there.
    course = sysconfig.get_paths()["purelib"]
    (own / "course.pth").write_text(f"import site; site.addsitedir({course!r})\n", encoding="utf-8")
    # Without dependencies: torchattacks pins an old requests, cleverhans asks for TensorFlow's
    # parts.
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(LISTED)]
    if status := subprocess.run(install, check=False).returncode:
        return status
    STAMP.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
