"""A real Chromium, and a real JupyterLab to look at with it.

chromium_page   a fresh Playwright page (1200 x 900); without a Chromium it skips, in CI it fails
lab             the URL of a JupyterLab serving a copy of `notebooks/` (its folder: `lab.folder`)
open_notebook   open_notebook(page, lab, "name.ipynb")
run_all_cells   run_all_cells(page): runs them and waits until every cell has run
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PLACES = (  # where the other systems keep it
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
# As root, in a container, without a GPU and with little shared memory.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
]


def chromium_path():
    """Where Chromium lies. Without one the tests are skipped; on a build machine they fail."""
    if path := next(filter(None, map(shutil.which, (*CHROMIUM, *PLACES))), None):
        return path
    return lacking("no Chromium on this machine (Debian: apt-get install chromium)")


def lacking(what):
    """Skip, and say what to install; where CI is set nothing may be skipped unseen: fail."""
    if os.environ.get("CI", "").lower() in ("", "0", "false", "no"):
        pytest.skip(what)
    pytest.fail(f"{what}: CI is set, so the browser tests must run", pytrace=False)


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests."""
    path = chromium_path()
    try:
        from playwright import sync_api as playwright
    except ImportError:
        lacking("playwright is not installed (make test installs it)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def chromium_page(chromium):
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@dataclass
class Lab:
    url: str
    folder: Path

    def __str__(self):
        return self.url


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab on a free port, in a copy of the notebooks, so that the tree stays clean."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    _settings(home)
    log = (home / "lab.log").open("w")
    server = subprocess.Popen(
        _command(port), cwd=folder, env=_environment(home), stdout=log, stderr=log
    )
    try:
        _wait_for(url + "/api/status", server, home / "lab.log")
        yield Lab(url, folder)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _command(port):
    settings = ("ip=127.0.0.1", f"port={port}", "open_browser=False", "allow_root=True")
    switches = (*(f"--ServerApp.{s}" for s in settings), "--IdentityProvider.token=")
    return [sys.executable, "-m", "jupyterlab", *switches]


def _settings(home):
    """No news, and every cell in the page, whether it is in view or not."""
    wanted = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, value in wanted.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))


def _environment(home):
    """The tests' own Jupyter folders (no stale layout), the tree importable, one thread."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {name: str(home / name.lower()) for name in names}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "PYTHONPATH": path}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    own |= {"TUTLIB_ASSETS": os.environ.get("TUTLIB_ASSETS", "bundled")}
    return os.environ | own | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _wait_for(url, server, log, seconds=90):
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def open_notebook():
    return _open_notebook


def _open_notebook(page, lab, path):
    """Open a notebook of the lab's folder and wait until its kernel is there and idle."""
    page.goto(f"{lab.url}/lab/tree/{path}?reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
    page.locator(".jp-StatusBar-Widget").get_by_text("| Idle").wait_for(timeout=90_000)


@pytest.fixture
def run_all_cells():
    return _run_all_cells


def _run_all_cells(page, timeout=180):
    """Run > Run All Cells, then wait (seconds) until every code cell has its number.

    A cell that raised ends the wait, and the test, with what it said.
    """
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    ran = """() => document.querySelector('.jp-OutputArea-output[data-mime-type*="error"]') ||
        Array.from(document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt'))
        .every((prompt) => /[0-9]/.test(prompt.textContent))"""
    page.wait_for_function(ran, timeout=timeout * 1000)
    raised = page.locator(".jp-OutputArea-output[data-mime-type*='error']").all_text_contents()
    assert raised == []


def made_once(module):
    """Run `module` (tools.book, say), which writes into build/: one worker does it for both."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    }
    run, stamp = os.environ.get("PYTEST_XDIST_TESTRUNUID"), ROOT / "build" / f"{module}.run"
    stamp.parent.mkdir(exist_ok=True)
    with FileLock(stamp.with_suffix(".lock")):
        if run and stamp.exists() and stamp.read_text(encoding="utf-8") == run:
            return
        made = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment,
                              capture_output=True, text=True)  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        stamp.write_text(run or "", encoding="utf-8")
