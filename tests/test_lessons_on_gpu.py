"""Every lesson runs on a GPU, a pretended one where there is no other, and truly uses it.

Mistakes with devices need no long run: budgets are the smallest that still reach every cell, so
claims about quality may fail here (`gpu_startup.py`), and nothing else may.
"""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import notebooks

pytestmark = [pytest.mark.gpu, pytest.mark.notebook]

# Lesson -> what its budget cell is told at its end.
LEAST = {
    "start": "",
    "gallery": "",
    "1-1": "draws, paths, others, eps_tried = 2, 1, 2, [1, 3]",
    "1-2": "train_steps = 60",
    "1-3": "n_programs, attacked, additions, removals, draws = 500, 40, 2, 2, 3",
    "2-1": "steps, pigs, wish_steps, table_steps, change_steps = 2, 2, 2, 1, 1\n"
    "table_things = table_things[:3]",
    "2-2": "draws, pigs, digits_seen, fit_on, fit_steps, judged, steps = 2, 2, 9, 500, 5, 100, 2",
    "2-3": "n_digits, n_few, steps, short, restarts, runs = 12, 8, 2, 2, 2, 1\n"
    "pigs, pig_steps = 2, 2",
    "2-4": "n_learn, n_held, steps, batch = 6, 20, 2, 4\n"
    "d_learn, d_held, d_steps, n_ways, tosses, n_old = 60, 60, 2, 30, 1, 4\n"
    "train_on, epochs, n_other = 500, 1, 4",
    "2-5": "n_pictures, plain_steps, steps, draws, n_views, n_part, n_other = 1, 2, 2, 2, 1, 1, 1\n"
    "read_steps, read_batch, stick_steps, stick_draws, n_flat, n_scenes = 100, 16, 2, 2, 5, 12",
    "2-6": "n_judge, n_learn, net_epochs, n_seeds, rounds = 80, 1000, 4, 100, 2\n"
    "copy_epochs, n_square, questions, n_crowd, crowd_epochs, steps = 12, 6, 8, 60, 1, 4",
    "2-7": "learned, warm_up, epochs, judged, few = 500, 2, 1, 40, 6\n"
    "steps, prices, restarts, heats = 10, 2, 1, [1, 100]",
    "3-1": "learn, epochs, watched, judged, restarts, steps_curve = 1000, 2, 100, 50, 1, 2",
    "3-2": "learned, judged, seen, linear_steps, epochs, tosses = 900, 300, 20, 30, 2, 1\n"
    "sides, fresh_nets, plane_epochs = (7, 14, 28, 56), 1, 60",
    "3-3": "n_maps, side, n_ways, tosses, mixtures = 9, 5, 20, 2, 2\n"
    "shares, train_on, epochs = [1, 2], 2000, 2",
    "3-4": "size, n_learn, n_new, epochs, n_exceptions = 24, 8, 8, 2, [0, 4]\n"
    "n_things, n_digits, steps, see_steps, side = 6, 10, 2, 2, 64\n"
    "units, learned, judged, passes, rubbish_steps = 40, 400, 100, 2, 3",
    "3-5": "learned, epochs, rungs, top, halvings, steps, restarts = 400, 1, 4, 0.5, 5, 10, 1\n"
    "judged, levels, plane_epochs = 60, [0.0, 0.05], 4\n"
    "patience, conv_digits, draws, voted = 1, 1, 50, 12",
    "4-1": "plane_epochs, pieces, learned, judged, glanced = 20, [1, 2], 50, 20, 10\n"
    "start_passes, price, strong_steps, seeds = 1, 2, 1, seeds[:1]",
    "4-2": "learned, judged, legible, tested = 400, 20, 200, 100\n"
    "warm_up, purse, inner_steps, judge_steps, starts = 2, 6, 1, 1, starts[:1]\n"
    "patches = 2",  # the twins are judged by what is asserted, not claimed: as in the lesson
    "4-3": "learned, epochs, tested, steps = 200, 1, 20, 2\n"
    "votes, draws, sliced, walked = 3, 2, 10, 3",
    "4-4": "n_learn, n_few, rounds, net_epochs, net_steps, soft_steps = 400, 40, 1, 1, 3, 5\n"
    "n_buses, bus_steps, n_photos, photo_epochs = 3, 8, 200, 1",
    "4-5": "rounds, draws, text_draws, n_exact = 6, draws[:2], text_draws[:2], 3\n"
    "n_pool, n_test, n_texts = 500, 300, 150",
    "4-6": "known, unseen, fit_steps, climb_steps, summit_steps = 40, 30, 20, 12, 5\n"
    "asked, rounds, cars, tables = 2, 2, 3, tables[:1]",
    "5-1": "rounds, slow_rounds, every, line_rounds, sure_steps = 28, 28, 2, 5, 20\n"
    "perfect_steps, blind = 5, 2000",
    "5-2": "rounds, looks, short, games, judged = 8, [1, 2, 4, 6, 8], 2, 2, 200",
    "5-3": "sheets, rounds, pool_size, walks, tries = 1, (2, 2), 60, 2, 6\n"
    "hunted, starts, hunt = 2, 2, 3",
    "5-4": "budget, looks, critic_steps, critic_seeds, expert_moves = 12, 2, 3, 1, 24",
    "5-5": "rounds, steps, judged, drawn_new = 400, 400, 100, 20",
    "5-6": "learned, judged, rounds, trips, bribes = 20, 40, 4, 4, 2",
    "6-1": "sizes, hero_steps, cloth_steps = (64, 96), (1, 1), (1, 1)\n"
    "two_sizes, paint_steps, rebuild_steps, race_steps = (64, 80), (1, 1), 2, 10",
    "6-2": "side, gram_steps = 96, (1, 1, 1)\n"
    "field_steps, paint_steps = (1, 1), (1, 1)\n"
    "swaps, one_size_steps, fair_seeds, judged, sheet_side, keep = 2, 3, 1, 50, 32, 200",
    "6-3": "size, steps, code_steps, board_steps, n_frames, calm_steps = 48, 2, 3, 2, 2, 2",
    "6-4": "n_learn, noise_steps, fool_steps, rounds, gatys_steps = 8, 2, 2, 3, 2\n"
    "keep, paint_steps, judged = 200, 1, 20",
}
# Lesson -> why it does not use a GPU.
STAYS_ON_CPU = {
    "1-3": "scikit-learn works on the CPU",
    "2-6": "scikit-learn and the service work on the CPU",
    "4-6": "for nets this small a GPU would only wait",
    "5-1": "for nets this small a GPU would only wait",
}
SWITCHED_ON = """import torch
assert torch.cuda.is_available(), "the GPU was never switched on"
"""
USED = """assert torch.cuda.max_memory_allocated() > 0, (
    "this lesson never used the GPU: send nets and pictures there, or say in STAYS_ON_CPU why not")
"""


def number(path):
    return path.name[:3] if path.stem[0].isdigit() else path.stem


def run_on_gpu(lesson, path, *, last=SWITCHED_ON + USED):
    """Run a lesson with `last` as its last cell."""
    lesson.cells.append(new_code_cell(last))
    nbformat.write(lesson, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONSTARTUP", str(notebooks.ROOT / "tests" / "gpu_startup.py"))
        return notebooks.run(path)


@pytest.mark.parametrize("path", notebooks.find(), ids=lambda path: path.stem)
def test_runs_on_a_gpu(path, tmp_path, record_property):
    assert number(path) in LEAST, (
        f"Say in LEAST (tests/test_lessons_on_gpu.py) with what small budget {path.name} runs."
    )
    lesson = notebooks.read(path)
    for cell in lesson.cells:
        if "budget" in notebooks.tags(cell):
            cell.source += f"\n{LEAST[number(path)]}"
    last = SWITCHED_ON + ("" if number(path) in STAYS_ON_CPU else USED)
    run = run_on_gpu(lesson, tmp_path / path.name, last=last)
    record_property("notebook", f"{path.name} (GPU)")
    record_property("cpu_seconds", run.cpu_seconds)
    record_property("claims", notebooks.ticks(run))
    faults = notebooks.faults(run, claims_may_fail=True)
    assert not faults, "\n".join(faults)


def test_every_small_budget_belongs_to_a_lesson():
    assert set(LEAST) == {number(path) for path in notebooks.find()}


# The net that catches bad lessons must itself be seen to catch them.

GOOD = "import torch\nx = torch.ones(2, device='cuda')"
PANEL = """
from matplotlib import pyplot as plt
from tutlib.panel import Panel, Slider
panel = Panel(lambda state: torch.ones(2) + state["k"] * x, lambda result: plt.figure(),
              [Slider("k", stops=[1, 0])])
panel.moved({"k": 1})  # what the slider calls; an error is shown in the panel and raises nothing
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [(GOOD, ""), (f"{GOOD}\nx + torch.ones(2)", "same device"), (GOOD + PANEL, "same device"),
     ("x = 1", "never used the GPU"), (f"{GOOD}\nassert False, 'a wrong turn'", "a wrong turn")],
    ids=["only a claim fails", "two devices", "two devices in a panel", "no GPU", "an assertion"],
)  # fmt: skip
def test_what_counts_as_a_fault(source, expected, tmp_path):
    claim = "from tutlib.check import claim\nclaim('one and one', 1 + 1, equals=3)"
    cells = [new_code_cell(source), new_code_cell(claim, metadata={"tags": ["claim"]})]
    run = run_on_gpu(new_notebook(cells=cells), tmp_path / "tiny.ipynb")
    faults = "\n".join(notebooks.faults(run, claims_may_fail=True))
    assert expected in faults
    assert bool(faults) == bool(expected)
