"""A notebook that was run, saved and opened again without its kernel still has its panel."""

import nbformat
import pytest

pytestmark = pytest.mark.browser

PANEL = """
from matplotlib.figure import Figure
from tutlib.panel import Panel, Slider, Upload

def draw(result):
    figure = Figure(figsize=(5, 2), layout="constrained")
    figure.subplots().bar(["square"], [result])
    return figure

Panel(lambda state: state["n"] ** 2, draw, [Slider("n", stops=[1, 2, 3]), Upload("photo")],
      title="Squares", alt=lambda state, result: f"the square of {state['n']} is {result}")
"""
WHOLE = """() => { const page = document.querySelector('[data-tutlib-panel]');
    return page && page.shadowRoot && page.shadowRoot.querySelector('input[type=range]'); }"""


def test_a_saved_notebook_keeps_its_panel(chromium_page, lab, open_notebook, run_all_cells):
    page = chromium_page
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PANEL)])
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, lab.folder / "kept.ipynb")
    open_notebook(page, lab, "kept.ipynb")
    run_all_cells(page)
    page.locator("img.tutlib-frame").wait_for()
    page.wait_for_function(WHOLE, timeout=60_000)  # the stored page fills when it is quiet
    stored = page.locator("[data-tutlib-panel]")
    stored.wait_for(state="attached")
    assert not stored.is_visible()  # the widgets are there: the page waits behind them
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    page.wait_for_timeout(1000)
    end_kernels(page, lab)
    open_notebook(page, lab, "kept.ipynb")
    stored.wait_for(timeout=60_000)
    assert not page.get_by_text("Error displaying widget").is_visible()
    page.locator("p.more").get_by_text("Run this cell in the notebook").wait_for()
    slider = page.locator("[data-tutlib-panel] input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.locator('[data-tutlib-panel] img[alt="the square of 2 is 4"]').wait_for()


def end_kernels(page, lab):
    """Shut down every kernel, as a night between two lessons does."""
    page.evaluate(
        """async (url) => {
            const token = document.cookie.match(/_xsrf=([^;]*)/)[1];
            const sessions = await (await fetch(url + '/api/sessions')).json();
            for (const one of sessions)
                await fetch(url + '/api/sessions/' + one.id,
                            {method: 'DELETE', headers: {'X-XSRFToken': token}});
        }""",
        lab.url,
    )
