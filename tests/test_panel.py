"""Panels at the Python level: state, cache, errors, progress, the frozen page and the strip."""

import asyncio
import base64
import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

from tutlib.panel import Choice, Pad, Panel, Slider, Text, Toggle, Upload, errors_in, frozen

STOPS = [0, 1, 2, 4, 8]


def in_a_loop(story):
    """Run a coroutine in a loop of its own: browser tests may have left one in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, story).result()


def draw(result):
    figure = Figure(figsize=(3, 2))
    figure.subplots().set_title(str(result))
    return figure


def make(compute=None, **more):
    """A small panel that counts its computations in `panel.calls`."""
    calls = []

    def counted(state):
        calls.append(state)
        if state["eps"] == 8:
            raise ValueError("eight is too much <script>")
        return state["eps"] * (1 if state["target"] == "hog" else -1)

    controls = [
        Slider("eps", stops=STOPS, value=2, format="{}/255", label="ε", help="how far"),
        Choice("target", ["hog", "airliner"]),
    ]
    words = {"title": "Pig", "caption": "A caption.", "frozen": {"eps": [0, 1, 2, 4]}}
    panel = Panel(compute or counted, draw, controls, **(words | more))
    panel.calls = calls
    return panel


def played(**more):
    """A panel with a slider that plays, and the stops that were shown."""
    seen = []

    def compute(state):
        if state["t"] == more.get("breaks_at"):
            raise ValueError("the game is broken")
        for part in range(12):
            yield part / 12, None
            time.sleep(more.get("slow", 0))
        seen.append(state["t"])
        return state["t"]

    controls = [Slider("t", stops=[0, 1, 2, 3], value=1, play=True), Toggle("noise")]
    return Panel(compute, draw, controls), seen


def shown(widget):
    return widget.layout.display != "none"


# -- live ------------------------------------------------------------------------------


def test_first_frame_at_once_and_a_slider_moves_it():
    panel = make(alt=lambda state, result: f"eps {state['eps']} gives {result}")
    live = panel.live
    assert panel.result == 2
    assert 'alt="eps 2 gives 2"' in live.figure.value
    live.inputs["eps"].value = 4
    assert panel.state == {"eps": 4, "target": "hog"}
    assert panel.result == 4
    assert 'alt="eps 4 gives 4"' in live.figure.value


def test_set_goes_the_way_of_the_slider_and_moves_it_too():
    panel = make()
    assert panel.set(eps=4, target="airliner") == -4
    assert panel.live.inputs["eps"].value == 4
    assert panel.live.inputs["target"].value == "airliner"
    assert [call["eps"] for call in panel.calls] == [2, 4]  # one computation, not one a control


def test_results_are_kept_and_the_oldest_forgotten():
    panel = make(cache=2)
    for eps in (2, 4, 2, 4):
        panel.set(eps=eps)
    assert len(panel.calls) == 2
    panel.set(eps=1)
    panel.set(eps=4)
    assert len(panel.calls) == 3
    panel.set(eps=2)
    assert len(panel.calls) == 4


def test_compute_cannot_change_the_panels_state():
    def rude(state):
        state["eps"] = 99
        return 0

    panel = make(rude)
    panel.set(eps=4)
    assert panel.state["eps"] == 4


def test_an_error_is_recorded_shown_and_raised_by_set():
    panel = make()
    with pytest.raises(ValueError, match="eight is too much"):
        panel.set(eps=8)
    assert "eight is too much" in panel.errors[0]
    live = panel.live
    assert shown(live.red)
    assert "ValueError: eight is too much &lt;script&gt;" in live.red.value
    assert live.log.outputs[0]["ename"] == "ValueError"
    panel.set(eps=1)
    assert not shown(live.red)
    assert len(live.log.outputs) == 1  # still there for the tests that scan


def test_an_error_behind_a_slider_does_not_pass_silently():
    panel = make()
    panel.live.inputs["eps"].value = 8
    assert len(panel.errors) == 1
    assert shown(panel.live.red)


def test_an_error_while_drawing_counts_too():
    panel = make()
    panel.draw = lambda result: "not a figure"
    with pytest.raises(TypeError, match="must return a matplotlib Figure"):
        panel.set(eps=4)
    assert len(panel.errors) == 2  # the first frame as well


def test_the_guess_comes_first():
    panel = make(question="How sure?", answers=["very", "not"], reveal=lambda s, r: f"It is {r}.")
    live = panel.live
    assert panel.result == 2  # computed all the same, so that tests walk the path
    assert not shown(live.figure)
    assert shown(live.cover)
    assert live.inputs["eps"].disabled
    live.buttons[1].click()
    assert shown(live.figure)
    assert not shown(live.cover)
    assert not live.inputs["eps"].disabled
    assert "You said: not. It is 2." in live.answer.value


def test_show_me_needs_no_guess():
    live = make(question="How sure?").live
    live.show_button.click()
    assert shown(live.figure)


def counting(seconds, steps):
    def compute(state):
        for step in range(steps):
            time.sleep(seconds)
            yield (step + 1) / steps, (state["eps"], step + 1)

    return compute


async def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        await asyncio.sleep(0.02)
    assert condition()


def test_a_generator_runs_to_its_end_without_a_loop(no_loop):
    panel = make(counting(0, 5))
    assert panel.set(eps=4) == (4, 5)
    assert not shown(panel.live.bar)


def test_stop_keeps_the_last_partial_result():
    async def story():
        panel = make(counting(0.02, 10_000))  # more than any machine does before Stop
        live = panel.live
        await until(lambda: shown(live.bar))
        assert shown(live.stop_button)
        assert 0 < live.bar.value < 0.5
        live.stop_button.click()
        await until(lambda: "Stopped at" in live.note.value)
        reached = panel.result[1]
        assert 1 < reached < 10_000
        assert not shown(live.bar)
        await asyncio.sleep(0.2)
        assert panel.result[1] == reached
        assert not panel._cache  # half a result is not kept as a whole one
        assert panel.errors == []

    in_a_loop(story())


def test_short_work_shows_no_progress_bar():
    async def story():
        panel = make(counting(0.01, 8))
        live = panel.live
        bars = []
        live.bar.layout.observe(lambda change: bars.append(change.new), "display")
        await until(lambda: panel.result == (2, 8))
        assert None not in bars

    in_a_loop(story())


def test_only_the_last_of_many_quick_moves_is_finished():
    async def story():
        panel = make(counting(0.02, 20))
        live = panel.live
        for eps in (4, 1, 0):
            live.inputs["eps"].value = eps
        await until(lambda: panel.result == (0, 20) and panel._task is None)
        assert [dict(key)["eps"] for key in panel._cache] == [0]

    in_a_loop(story())


def test_an_error_in_the_background_is_seen():
    def late(state):
        for step in range(20):
            time.sleep(0.02)
            if step == 15:
                raise ArithmeticError("late")
            yield step / 20, step

    async def story():
        panel = make(late)
        assert panel.live
        await until(lambda: panel.errors)
        assert "ArithmeticError" in panel.errors[0]
        assert shown(panel.live.red)

    in_a_loop(story())


# -- controls --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"eps": 3}, "eps must be one of 0, 1, 2, 4, 8; got 3"),
        ({"target": "moon"}, "target must be one of 'hog', 'airliner'; got 'moon'"),
        ({"step": 1}, "there is no control 'step'; there are: eps, target"),
    ],
)
def test_a_wrong_state_is_refused_with_a_sentence(state, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make().set(**state)
    with pytest.raises(ValueError, match=re.escape(message)):
        make(frozen=[state])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Slider("a"), "needs stops"),
        (lambda: Slider("a", stops=[]), "has no stops"),
        (lambda: Slider("a", min=0, max=1, step=0), "step > 0"),
        (lambda: Slider("a", min=0, max=1, step=1e-5), "choose a larger step"),
        (lambda: Choice("a", []), "has no options"),
        (lambda: Pad("a", x=(1, 0)), "low < high"),
        (lambda: Pad("a", value=(2, 0)), "must be from 0 to 1"),
        (lambda: Panel(None, None, [Toggle("a"), Toggle("a")]), "same name"),
    ],
)
def test_a_wrong_control_is_refused_with_a_sentence(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_stops_from_a_range_are_round_numbers():
    assert Slider("a", min=0, max=1.0, step=0.1).stops[3] == 0.3
    assert Slider("a", min=1, max=4).stops == [1, 2, 3, 4]


def test_every_kind_of_control_reaches_compute():
    controls = [
        Slider("n", min=0, max=3),
        Choice("c", {"one": 1, "two": 2}),
        Toggle("t"),
        Text("words", "hello"),
        Upload("photo"),
        Pad("point", x=(-1, 1), y=(0, 2)),
    ]
    panel = Panel(lambda state: state, draw, controls)
    inputs = panel.live.inputs
    inputs["n"].value, inputs["c"].value, inputs["t"].value = 2, 2, True
    inputs["words"].value = "a bird"
    told = {"name": "a.png", "word": "", "content": base64.b64encode(b"abc").decode()}
    inputs["photo"].wire.value = json.dumps(told)
    inputs["point"].wire.value = "0.5 1.5"
    wanted = {"n": 2, "c": 2, "t": True, "words": "a bird", "photo": b"abc", "point": (0.5, 1.5)}
    assert panel.result == wanted
    inputs["point"].fields[0].value = -0.25
    assert panel.result["point"] == (-0.25, 1.5)
    assert panel.errors == []
    inputs["photo"].wire.value = json.dumps(told | {"content": "*"})
    assert "damaged" in inputs["photo"].said.value
    assert panel.state["photo"] == b"abc"
    inputs["photo"].back.click()
    assert panel.result["photo"] is None
    panel.set(point=(0, 0), photo=None)
    assert [field.value for field in inputs["point"].fields] == [0, 0]


def test_a_picture_of_your_own_gets_a_question_of_its_own():
    upload = Upload("photo", question="And yours?", back="Back to the pig")
    panel = Panel(lambda state: state, draw, [upload], question="Will it?", answers=["yes", "no"])
    live = panel.live
    live.guess("yes")
    assert live.opened
    box = live.inputs["photo"]
    box.wire.value = json.dumps({"name": "a", "word": "", "content": "YWJj"})
    assert "And yours?" in live.question.value
    assert not live.opened
    live.guess("no")
    assert live.opened
    box.back.click()
    assert "Will it?" in live.question.value
    assert live.opened


# -- without a kernel ------------------------------------------------------------------


def test_the_frozen_page_asks_nobody_and_stays_small():
    page = make(question="How sure?").freeze()
    assert len(page.encode()) <= 400_000
    assert "http" not in page.lower()
    assert not re.search(r"(src|href)=[\"'](?!data:)", page)
    assert page.count("<script>") == page.count("</script>") == 1


def test_words_cannot_break_out_of_the_page():
    nasty = "</script><img src=x onerror=alert(1)>"
    page = make(title=nasty, caption=nasty, question=nasty, answers=[nasty], reveal=nasty).freeze()
    assert page.count("</script>") == 1
    assert "<img src=x" not in page


def test_pages_differ_in_name_and_repeat_exactly():
    name = re.compile('data-tutlib-panel="(.*?)"')
    one, other = make().freeze(), make(title="Another pig").freeze()
    assert name.search(one)[1] != name.search(other)[1]
    assert make().freeze() == one  # a rendered notebook does not change from run to run


def test_too_many_frames_are_refused():
    with pytest.raises(ValueError, match="1 to 24 frames; these are 25"):
        Panel(None, draw, [Slider("n", min=1, max=25)], frozen={"n": range(1, 26)})


def test_too_heavy_frames_are_refused(monkeypatch):
    monkeypatch.setattr(frozen, "MAX_BYTES", 20_000)
    with pytest.raises(ValueError, match="more than 20 kB: freeze fewer states"):
        make().freeze()


def test_the_strip_is_a_png_with_three_to_five_states():
    panel = make(strip=[{"eps": 0}, {"eps": 1}, {"eps": 4}])
    image = Image.open(io.BytesIO(panel.strip()))
    assert image.format == "PNG"
    assert image.width > 2 * image.height
    with pytest.raises(ValueError, match="3 to 5 states; these are 8"):
        make(strip={"eps": [0, 1, 2, 4], "target": ["hog", "airliner"]}).strip()


def test_unnamed_states_are_chosen():
    panel = Panel(lambda state: state["n"], draw, [Slider("n", min=0, max=99, value=50)])
    frames = [state["n"] for state in panel.frozen_states]
    assert frames[0] == 0
    assert frames[-1] == 99
    assert len(frames) == 8
    assert [state["n"] for state in panel.strip_states][::3] == [0, 99]


def test_the_bundle_is_immediate_live_and_whole_when_published(monkeypatch):
    view = "application/vnd.jupyter.widget-view+json"
    monkeypatch.delenv("TUTLIB_RENDER", raising=False)
    panel = make(alt=lambda state, result: f"eps {state['eps']}")
    bundle, _ = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", view}
    assert len(panel.calls) == 1
    monkeypatch.setenv("TUTLIB_RENDER", "1")
    bundle, notes = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", view, "text/html", "image/png"}
    assert notes["image/png"]["alt"] == "eps 0 | eps 1 | eps 2 | eps 4"


# -- in a notebook ---------------------------------------------------------------------

SET_UP = """
from matplotlib.figure import Figure
from tutlib.panel import Panel, Slider

def compute(state):
    if state["eps"] > 2:
        raise ValueError("too much")
    return state["eps"]

def draw(result):
    return Figure(figsize=(2, 1))

slider = Slider("eps", stops=[0, 1, 2, 4], value=START)
panel = Panel(compute, draw, [slider], frozen={"eps": [0, 1]})
panel
"""


def run_notebook(*sources, **more):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(notebook, timeout=120, kernel_name="python3", **more).execute()
    return notebook


def test_errors_are_found_in_an_executed_notebook():
    good = SET_UP.replace("START", "1")
    moved = "panel.live.inputs['eps'].value = 4"
    notebook = run_notebook(good, moved, "1 / 0", SET_UP.replace("START", "4"), allow_errors=True)
    found = errors_in(notebook)
    assert found[0].startswith("ZeroDivisionError")
    assert sorted(found[1:]) == ["ValueError: too much"] * 2  # the moved slider, the first frame
    assert errors_in(nbformat.v4.new_notebook()) == []


def test_a_published_notebook_holds_all_three_forms(monkeypatch):
    monkeypatch.setenv("TUTLIB_RENDER", "1")
    notebook = run_notebook(SET_UP.replace("START", "1"))
    assert errors_in(notebook) == []
    (output,) = notebook.cells[0].outputs
    assert {"text/html", "image/png"} < set(output.data)
    assert output.metadata["image/png"]["alt"]


# -- a slider that plays ---------------------------------------------------------------


def test_a_slider_plays_to_its_end_and_then_again_from_the_beginning(no_loop):
    panel, seen = played()
    buttons = panel.live.buttons_of["t"].children
    assert seen == [1]
    panel.playbacks["t"].play()
    assert seen == [1, 2, 3]
    assert panel.live.inputs["t"].value == panel.state["t"] == 3
    assert buttons[0].description == "Play"
    panel.playbacks["t"].play()
    assert panel.state["t"] == 3
    buttons[2].click()  # Reset
    assert panel.state["t"] == panel.live.inputs["t"].value == panel.result == 1
    buttons[1].click()  # Step
    assert panel.result == 2
    assert panel.errors == []


def test_play_shows_every_stop_and_a_hand_on_a_control_pauses_it():
    async def story():
        panel, seen = played()
        button = panel.live.buttons_of["t"].children[0]
        button.click()
        assert button.description == "Pause"
        while seen[-1] < 2:
            await asyncio.sleep(0.01)
        panel.live.inputs["noise"].value = True
        assert button.description == "Play"
        await asyncio.sleep(0.5)
        assert panel.state == {"t": 2, "noise": True}
        assert 3 not in seen
        button.click()
        await until(lambda: not panel.playbacks["t"].running)
        assert panel.state["t"] == 3

    in_a_loop(story())


def test_pause_and_stop_end_a_game():
    async def story():
        panel, seen = played(slow=0.05)
        button = panel.live.buttons_of["t"].children[0]
        while not seen:
            await asyncio.sleep(0.01)
        button.click()
        await until(lambda: panel.state["t"] == 2)
        button.click()
        await until(lambda: not panel.busy)
        await asyncio.sleep(0.5)
        assert (seen, panel.state["t"], panel.result) == ([1, 2], 2, 2)
        button.click()
        await until(lambda: panel.busy)
        panel.live.stop_button.click()
        assert not panel.playbacks["t"].running
        await asyncio.sleep(0.5)
        assert panel.state["t"] == 3
        assert seen == [1, 2]

    in_a_loop(story())


def test_an_error_ends_a_game(no_loop):
    panel, seen = played(breaks_at=2)
    panel.live  # noqa: B018
    panel.playbacks["t"].play()
    assert seen == [1]
    assert not panel.playbacks["t"].running
    assert len(panel.errors) == 1


def test_axes_stay_where_they_were_when_a_number_grows():
    def wide(result):
        figure = Figure(figsize=(3, 2), layout="constrained")
        figure.subplots().set_ylim(0, 10**result)
        places.append(figure)
        return figure

    places = []
    panel = Panel(lambda state: state["n"], wide, [Slider("n", stops=[1, 6])])
    panel.at(n=1), panel.at(n=6)
    first, second = (figure.axes[0].get_position().bounds for figure in places)
    assert first == pytest.approx(second)


def test_the_frozen_page_of_a_slider_that_plays_says_so():
    panel, _ = played()
    assert '"play": true' in panel.freeze()
    assert '"play": true' not in make().freeze()


def test_pause_is_heard_where_every_stop_takes_longer_than_the_pace(monkeypatch):
    async def story():
        monkeypatch.setattr("tutlib.panel.playback.PACE", 0)
        panel, seen = played()
        button = panel.live.buttons_of["t"].children[0]
        button.click()
        while seen[-1] < 2:
            await asyncio.sleep(0)
        button.click()
        await asyncio.sleep(0.3)
        assert seen == [1, 2]

    in_a_loop(story())
