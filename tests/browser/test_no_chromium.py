"""Where there is no browser: skipped on a reader's machine, failed on a build machine."""

import sys

import pytest

from tests.browser import conftest as browser


@pytest.fixture
def outcomes(monkeypatch):
    """What becomes of a test under each value of CI (None: not set)."""

    def outcome(value, ask):
        monkeypatch.delenv("CI", raising=False)
        if value is not None:
            monkeypatch.setenv("CI", value)
        with pytest.raises((pytest.skip.Exception, pytest.fail.Exception)) as raised:
            ask()
        return raised.type, str(raised.value)

    return outcome


@pytest.mark.parametrize("missing", ["Chromium", "playwright"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, pytest.skip.Exception),
        ("", pytest.skip.Exception),
        ("false", pytest.skip.Exception),
        ("true", pytest.fail.Exception),
        ("1", pytest.fail.Exception),
    ],
)
def test_what_is_missing_is_said_and_in_ci_it_fails(monkeypatch, outcomes, missing, value, kind):
    if missing == "Chromium":
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        monkeypatch.setattr(browser, "chromium_path", lambda: "/somewhere/chromium")
        monkeypatch.setitem(sys.modules, "playwright", None)
    opened = browser.chromium.__wrapped__()  # the fixture itself, without pytest around it
    raised, said = outcomes(value, lambda: next(opened))
    assert raised is kind
    assert missing in said
    assert {"Chromium": "apt-get install chromium", "playwright": "make test"}[missing] in said
    assert ("CI is set" in said) == (kind is pytest.fail.Exception)
