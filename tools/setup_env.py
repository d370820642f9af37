"""Make `.venv`, install the course into it, and, with `--lab`, open JupyterLab.

    python3 -m tools.setup_env [--extra test] [--lab [JUPYTERLAB OPTIONS ...]]

A second run installs nothing: `.venv/installed.json` remembers what was installed, for which
pyproject.toml and constraints.txt. Standard library only, and readable by Python 3.6, so that an
old Python is told what is missing.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
STAMP = VENV / "installed.json"
OLDEST = (3, 11)
GIGABYTES = 6  # what a fresh .venv takes with torch's default build for Linux


def programs_of(venv):
    """The folder in which an environment keeps its programs."""
    return venv / ("Scripts" if WINDOWS else "bin")


def python_of(venv):
    """The Python of an environment, on this system."""
    return programs_of(venv) / ("python.exe" if WINDOWS else "python")


PYTHON = python_of(VENV)


def main(words):
    extras = {words[i + 1] for i, word in enumerate(words[:-1]) if word == "--extra"}
    use_a_new_enough_python(words)
    make_venv()
    install(extras)
    if "--lab" in words:
        open_lab(words[words.index("--lab") + 1 :])


def use_a_new_enough_python(words):
    """Go on with this Python if it is new enough, else with a newer one that is installed."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        python = shutil.which(name)
        if python and subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            become([python, __file__, *words])
    version = ".".join(str(part) for part in sys.version_info[:2])
    sys.exit(
        f"The course needs Python 3.11 or newer, and {sys.executable} is {version}. "
        "Install a newer one and name it: make lab PYTHON=/path/to/python3.12"
    )


def make_venv():
    if PYTHON.exists() and runs(PYTHON, "-m", "pip", "--version"):
        return
    say("Making a Python environment in .venv")
    if not runs(sys.executable, "-m", "venv", "--clear", str(VENV), show=True):
        sys.exit(
            "Python could not make .venv (its reason is above). On Debian and Ubuntu this helps: "
            "apt install python3-venv"
        )


def install(extras):
    """Install the course and `extras`, unless that has been done for the files as they are now."""
    stamp = json.loads(STAMP.read_text(encoding="utf-8")) if STAMP.exists() else {}
    wanted = fingerprint()
    up_to_date = stamp.get("fingerprint") == wanted
    if up_to_date and extras <= set(stamp["extras"]):
        return
    extras |= set(stamp.get("extras", ()))
    names = ",".join(sorted(extras))
    what = f".[{names}]" if extras else "."
    say(f"Installing the course into .venv (the first time: a few minutes, {GIGABYTES} GB)")
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    pip += [] if sys.stdout.isatty() else ["--quiet"]  # a person sees the bars move, a log does not
    if not runs(*pip, "-c", "constraints.txt", "-e", what, show=True):
        free = shutil.disk_usage(str(ROOT)).free / 1e9
        sys.exit(
            "pip could not install everything (its reason is above). Check the connection and the "
            f"disk ({free:.0f} GB are free), and run the same command again: it goes on where it "
            "stopped."
        )
    register_kernel()
    keep_jupyter_quiet()
    STAMP.write_text(
        json.dumps({"fingerprint": wanted, "extras": sorted(extras)}) + "\n", encoding="utf-8"
    )


def fingerprint():
    """Changes when the packages to install, this Python or the place of the clone change."""
    import tomllib  # Python 3.11 and newer

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [
        json.dumps([project["project"], project["tool"]["setuptools"]], sort_keys=True),
        (ROOT / "constraints.txt").read_text(encoding="utf-8"),
        str(ROOT),
        subprocess.check_output([str(PYTHON), "--version"]).decode(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def register_kernel():
    """The kernel `python3`, which the notebooks ask for, is this .venv's Python."""
    name = ["--name", "python3", "--display-name", "Python 3"]
    if not runs(PYTHON, "-m", "ipykernel", "install", "--sys-prefix", *name):
        sys.exit("The kernel could not be registered: remove .venv and run the same command again.")


def keep_jupyter_quiet():
    """No question about news and no look for updates on a learner's first start."""
    folder = VENV / "share" / "jupyter" / "lab" / "settings"
    folder.mkdir(parents=True, exist_ok=True)
    silence = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": False}
    settings = {"@jupyterlab/apputils-extension:notification": silence}
    (folder / "overrides.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def open_lab(options):
    """Become JupyterLab. It takes the next free port itself, and prints its address."""
    command = [str(PYTHON), "-m", "jupyterlab", "--ServerApp.root_dir=" + str(ROOT)]
    command.append("--LabApp.default_url=/lab/tree/notebooks/start.ipynb")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if in_container():
        command.append("--ip=0.0.0.0")  # or nobody outside the container can reach it
        # Whatever somebody's own configuration says: who comes from outside must know a secret.
        token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
        command.append("--IdentityProvider.token=" + token)
    if not has_screen():
        command.append("--no-browser")
    use_this_python_inside()
    if not WINDOWS:
        command.append("--ServerApp.terminado_settings=" + str({"shell_command": terminal()}))
    say(
        "JupyterLab starts. Open the address it prints (http://...); Ctrl-C twice stops it. "
        "The course's own Python, in any terminal: " + str(PYTHON) + " -m tutlib doctor"
    )
    os.chdir(str(ROOT))
    become(command + options)


def become(command):
    """Go on as another program. Windows cannot: there this one waits for it, and passes on its end.

    Ctrl-C reaches the other one, too, which knows what to do about it.
    """
    if not WINDOWS:
        os.execv(command[0], command)
        return
    other = subprocess.Popen(command)
    while other.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):
            other.wait()
    sys.exit(other.returncode)


def use_this_python_inside():
    """Behind a notebook's "!", and in JupyterLab's terminals, `python` is this .venv's."""
    os.environ["PATH"] = str(programs_of(VENV)) + os.pathsep + os.environ.get("PATH", os.defpath)
    os.environ["VIRTUAL_ENV"] = str(VENV)


def terminal():
    """The shell of JupyterLab's terminals: no login shell, which would set the path anew.

    Bash reads the user's own .bashrc, too, which may put another Python first: ours comes after.
    """
    shell = os.environ.get("SHELL") or shutil.which("bash") or "sh"
    if Path(shell).name != "bash":
        return [shell]
    first = VENV / "share" / "jupyter" / "terminal.bashrc"
    first.parent.mkdir(parents=True, exist_ok=True)
    lines = ["[ -f ~/.bashrc ] && . ~/.bashrc", 'PATH="' + str(VENV / "bin") + ':$PATH"']
    first.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [shell, "--rcfile", str(first)]


def in_container():
    return os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")


def has_screen():
    if sys.platform != "linux":
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def runs(*command, show=False):
    """Run a command in the project's folder; whether it ended well. Its output only if `show`."""
    out = None if show else subprocess.DEVNULL
    words = [str(word) for word in command]
    return subprocess.call(words, cwd=str(ROOT), stdout=out, stderr=out) == 0


def say(sentence):
    print(sentence, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
