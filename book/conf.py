"""How Sphinx makes the book; `make book` calls it on the course as tools/book.py has staged it."""

import sys
from pathlib import Path

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "tutlib").is_dir())
sys.path.insert(0, str(ROOT))
from tools import course, docstrings  # noqa: E402

SETTINGS = course.settings()
project = "The Picture Is the Parameter"
author = "the authors of The Picture Is the Parameter"
copyright = "the authors; code under MIT, prose and pictures under CC BY 4.0"
html_title = project
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_design",
]
exclude_patterns = ["_static"]

# ---------------------------------------------------------------- lessons
nb_execution_mode = "off"  # the notebooks are rendered already: `make render`
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
mathjax_path = "mathjax/tex-chtml.js"
suppress_warnings = ["myst.header"]  # a lesson's exercises begin one level deeper

# ---------------------------------------------------------------- the reference, from docstrings
default_role = "code"  # single backticks are code, as in the comments of the house
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autosummary_generate = False
napoleon_use_rtype = False
add_module_names = False

# ---------------------------------------------------------------- looks
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_copy_source = True  # tools/book.py leaves the notebooks, for the download button
html_show_sourcelink = False
html_use_index = html_domain_indices = False  # the search knows every name
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # the search field is in the bar at the side
    "show_toc_level": 2,
    "logo": {"text": project, "alt_text": project},
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
if SETTINGS["repository"]:
    html_theme_options |= {
        "repository_url": SETTINGS["repository"],
        "repository_branch": SETTINGS["branch"],
        "use_repository_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "colab_url": "https://colab.research.google.com",
            "binderhub_url": "https://mybinder.org",
        },
    }


def readable(app, what, name, thing, options, lines):
    lines[:] = docstrings.readable(lines)


def without_numbers(app, what, name, thing, skip, options):
    """A named tuple's fields stand in its docstring; "Alias for field number 0" tells nothing."""
    return True if type(thing).__name__ == "_tuplegetter" else None


def lessons_alone(app, page, template, context, doctree):
    """Only a notebook is worth downloading: other pages have no such button."""
    if not page.startswith("notebooks/"):
        buttons = context.get("header_buttons", [])
        buttons[:] = [button for button in buttons if button.get("label") != "download-buttons"]


def setup(app):
    app.connect("autodoc-process-docstring", readable, priority=100)  # before napoleon
    app.connect("autodoc-skip-member", without_numbers)
    app.connect("html-page-context", lessons_alone, priority=900)  # after the theme
