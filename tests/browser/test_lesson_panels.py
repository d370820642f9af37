"""Every panel of the lessons in a real JupyterLab, moved by mouse and keys as a learner would.

One notebook with one kernel holds them all, a cell each; a test is one panel's story.
"""

import os
import re

import nbformat
import pytest
from PIL import Image

from tests.browser.conftest import _open_notebook, _run_all_cells

pytestmark = pytest.mark.browser
TOLD = 60_000  # milliseconds a busy machine may take for one picture
LAPTOP = 600  # pixels that JupyterLab leaves of a screen of 1280 x 720
FINGER = 32  # pixels that a finger, or a hand that trembles, needs

LOSSES = """
from tutlib.lessons.panels.losses import three_logits
three_logits()
"""
GOOD_WORDS = """
from tutlib.lessons.panels.history import word_by_word
weights = {"prize": 2.5, "cash": 2.0, "soup": -3.0, "choir": -2.0, "hen": -1.0, "aunt": -0.5}
word_by_word(weights, 0.5, ["Claim the prize, the cash prize!", "Cash for you!"])
"""
PICKER = """
import torch
torch.set_num_threads(1)
from tutlib import assets
from tutlib.lessons.panels.pig import target_picker
target_picker()
"""
GEOMETRY = """
from tutlib.lessons.panels.geometry import one_step
one_step()
"""
WALK = """
from tutlib.lessons.panels.walk import step_by_step
step_by_step()
"""
CARRIED = """
from tutlib.lessons.panels.universal import one_noise
small = assets.classifier("fragile")
held = torch.cat([assets.picture(name) for name in small.labels[:4]])
tossed = 2 / 255 * torch.randn(1, 3, 224, 224).sign()
one_noise(small, held, torch.arange(4), {"L∞": tossed, "L2": tossed})
"""
HAND = """
from tutlib.lessons.panels.camera import in_your_hand
hog = assets.picture("hog")
in_your_hand(assets.classifier("fragile"), {"plain": hog, "through the camera": hog}, 0, 7)
"""
CROSSING = """
from tutlib.lessons.panels.transfer import shown_to_all
ink, wrote = (t[:6] for t in assets.digits().test)
def knows(z):
    return torch.nn.functional.one_hot(wrote[:1] + (z.mean() > ink[0].mean() + 0.1), 12).float()
def never(z):
    return torch.nn.functional.one_hot(wrote[:1] + 0, 12).float()
shown_to_all({"light": knows, "deaf": never}, {"light": ink + 0.3, "deaf": ink}, ink, wrote)
"""
SMALLEST = """
from tutlib.lessons.panels.smallest import smallest_change
torch.manual_seed(0)
digit_like, two = torch.rand(4, 1, 8, 8) * 0.5 + 0.2, {}
for name in ("trained as usual", "robust"):
    two[name] = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
moved = {name: {"DeepFool": digit_like + 0.02 * k, "DDN": digit_like + 0.01 * k}
         for k, name in enumerate(two, 1)}
smallest_change(two, digit_like, torch.zeros(4, dtype=torch.long), moved)
"""
RISK = """
from tutlib import nets, risk
from tutlib.attacks import fgsm
from tutlib.lessons.panels.risk import falling_digits
x, y = (t[:200] for t in assets.digits().test)
flat, wanted = x.flatten(1), torch.nn.functional.one_hot(y, 10).float()
weights = torch.linalg.solve(flat.T @ flat + 100 * torch.eye(flat.shape[1]), flat.T @ wanted)
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(len(weights), 10, bias=False))
net[1].weight.data = weights.T.contiguous()
curve = risk.risk_curve(net, x, y, [k / 50 for k in range(7)], fgsm)
falling_digits(net, curve, x, y)
"""
TRAVERSE = """
from tutlib import nets
from tutlib.lessons.panels.linearity import traverse
torch.manual_seed(0)
straight = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
bent = torch.nn.Sequential(torch.nn.Flatten(), nets.mlp(784, 64, 10, activation=torch.nn.Sigmoid))
two = assets.digits().test[0][:2]
traverse({"no bend": straight, "sigmoid": bent}, two, torch.tensor([5, 3]))
"""
MAPS = """
from tutlib.lessons.panels.maps import click_a_map
from tutlib.risk import maps
nine, named = (t[:9] for t in assets.digits().test)
_, ahead = maps.way_out(net, nine, named)
ahead = ahead / ahead.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
click_a_map(net, nine, named, ahead, maps.at_right_angles(ahead), 5.0)
"""
GROUNDS = """
import torch
from tutlib.lessons.panels.grounds import swap_the_ground
class Greenness(torch.nn.Module):
    def forward(self, x):
        green = 60 * (x[:, 1] - x[:, 0])[:, -3:].mean((1, 2))
        return torch.stack([green, -green], 1)
class Unmoved(torch.nn.Module):
    def forward(self, x):
        return x.new_tensor([[1.0, 0.0]]).expand(len(x), 2)
swap_the_ground({"a habit": Greenness(), "unmoved": Unmoved()}, ["hog", "wombat"], [11, 12, 13])
"""
MOONS = """
from tutlib.lessons.panels.unlabelled import place_labels
place_labels()
"""
GUARANTEES = """
from tutlib import nets
from tutlib.lessons.panels.guarantees import four_answers_panel
torch.manual_seed(0)
six = torch.rand(6, 1, 3, 3)
tiny = torch.nn.Sequential(torch.nn.Flatten(), nets.mlp(9, 8, 3))
radii = {"intervals": 0.02, "lines": 0.05, "exact": 0.06, "attack": 0.08}
radii = {name: torch.full((6,), radius) for name, radius in radii.items()}
four_answers_panel(tiny, six, tiny(six).argmax(1), radii)
"""
DECAY = """
from tutlib.lessons.panels.decay import inside_or_outside
two_of_each = torch.tensor([[0.85, 0.5, 0.5, 0.5], [0.15, 0.5, 0.5, 0.5]])
spread, single = torch.tensor([[1, 1, 1, 1, -2.0], [1, 0, 0, 0, -0.5]])
inside_or_outside({"adversary": [(0, spread), (0.2, single)],
                   "decay": [(0, spread), (0.1, spread)]}, two_of_each, torch.tensor([1.0, -1.0]))
"""
TRAINING = """
from tutlib.lessons.panels.training import training_panel
training_panel()
"""
DUEL = """
import torch
from tutlib import assets
from tutlib.lessons.panels.defences import pick_a_duel
from tutlib.risk import Estimate
ink, wrote = (t[:3] for t in assets.digits().test)
def reads(z):
    far = torch.cdist(z.flatten(1), ink.flatten(1)) > 1
    return torch.nn.functional.one_hot(torch.where(far.all(1), (wrote[0] + 1) % 10, wrote[0]), 10)
made = {"nobody": ink, "naive: one step": ink + 0.0, "knows the defence": 0.5 * ink}
rates = {name: Estimate(torch.tensor([1.0, kept, 0.0]), "error", "read right")
         for name, kept in zip(made, (1.0, 1.0, 0.0))}
sureness = {"noise at test time": 1.0, "error-correcting code": 9.0}
two = {name: lambda z, by=by: by * reads(z) for name, by in sureness.items()}
pick_a_duel(two, ink, wrote, {name: made for name in two}, {name: rates for name in two})
"""
KNOBS = """
import torch
from tutlib.lessons.panels.knobs import against_the_machine
from tutlib.training import design
cars = design.engineers(300, torch.Generator().manual_seed(0))
net = design.fit_table(cars, design.lap_speed(cars))
against_the_machine(net, cars, design.propose(net, cars[:20])[0], 168.9)
"""
RING = """
from tutlib.lessons.panels.gan import ring_game
ring_game()
"""
QUIZ = """
from tutlib.lessons.panels.forgery import which_is_real
x, y = (t[:200] for t in assets.digits().test)
which_is_real(x, y, x.flip(-1), y)
"""
BIRDS = """
from tutlib.lessons import birds
from tutlib.lessons.panels.asked import ask_for_a_bird
torch.manual_seed(0)
ask_for_a_bird(assets.bird_painter(), assets.bird_reader(), birds.Listener().eval())
"""
DRAGGED = """
from tutlib.lessons.panels.translation import drag_a_horse
ways = ("outline to horse", "horse to zebra", "zebra to horse")
drag_a_horse(*(assets.translator(way) for way in ways))
"""
TWELVE = """
from tutlib.lessons.panels.real_or_fake import real_or_fake
real_or_fake(torch.zeros(12, 3, 16, 16), torch.ones(12, 3, 16, 16), things="squares")
"""
STYLE = """
from tutlib.lessons.panels.style import style_panel
style_panel(assets.features("bundled"), size=80)
"""
PATCHES = """
from tutlib.lessons.panels.patches import patches_panel
patches_panel(size=160)  # large enough to be stopped
"""
ONE_PASS = """
from tutlib.lessons.panels.one_pass import one_pass
one_pass(size=96)
"""
WISHES = """
from tutlib.lessons.panels.faces import three_wishes
three_wishes(keep=200)
"""
APART = """
from tutlib.lessons.panels.year import push_apart
push_apart()
"""
FACES = """
from tutlib.lessons.panels.latent import walk_with_a_finger
walk_with_a_finger()
"""
CELLS = (
    LOSSES,
    GOOD_WORDS,
    PICKER,
    GEOMETRY,
    WALK,
    CARRIED,
    HAND,
    CROSSING,
    SMALLEST,
    RISK,
    TRAVERSE,
    MAPS,
    GROUNDS,
    MOONS,
    GUARANTEES,
    DECAY,
    TRAINING,
    DUEL,
    KNOBS,
    RING,
    QUIZ,
    BIRDS,
    DRAGGED,
    TWELVE,
    STYLE,
    PATCHES,
    ONE_PASS,
    WISHES,
    APART,
    FACES,
)


@pytest.fixture(scope="module")
def notebook(chromium, lab):
    """The page with all panels, and what its console complained about."""
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    node.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(node, lab.folder / "lesson-panels.ipynb")
    context = chromium.new_context(viewport={"width": 1280, "height": 1300})
    context.set_default_timeout(TOLD)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    _open_notebook(page, lab, "lesson-panels.ipynb")
    _run_all_cells(page)
    yield page, complaints
    context.close()


class Story:
    """One panel: its controls, its picture, and how to wait for it."""

    def __init__(self, page, code):
        cell = page.locator(".jp-CodeCell").nth(CELLS.index(code))
        self.page, self.cell = page, cell.locator(".tutlib-live")  # not the page stored beside it
        self.picture = self.cell.locator("img.tutlib-frame")
        self.seen = None

    def open(self):
        self.button("Show me").click()
        self.picture.wait_for()
        self.seen = self.picture.get_attribute("src")
        return self

    def button(self, name):
        return self.cell.get_by_role("button", name=name, exact=True)

    def choose(self, label, option):
        self.cell.get_by_label(label, exact=True).select_option(label=option)

    def handle(self, label):
        """A slider's handle, by the words beside it."""
        slider = self.cell.locator(".widget-hslider").filter(
            has=self.page.locator("label", has_text=re.compile(f"^{label}$"))
        )
        handle = slider.locator(".noUi-handle")
        handle.scroll_into_view_if_needed()
        return handle, slider.locator(".noUi-target")

    def press(self, label, *keys):
        handle, _ = self.handle(label)
        for key in keys:
            handle.press(key)

    def drag(self, label, share):
        """Drag a slider's handle to a share of its way, in a dozen small moves."""
        handle, rail = (thing.bounding_box() for thing in self.handle(label))
        middle = handle["y"] + handle["height"] / 2
        self.page.mouse.move(handle["x"] + handle["width"] / 2, middle)
        self.page.mouse.down()
        self.page.mouse.move(rail["x"] + share * rail["width"], middle, steps=12)
        self.page.mouse.up()

    def tells(self, words):
        """Wait until the picture's words match, and see that the picture is another one."""
        page_regex = self.cell.get_by_alt_text(re.compile(words))
        page_regex.wait_for()
        src = self.picture.get_attribute("src")
        assert src != self.seen, f"the words changed and the picture did not: {words}"
        self.seen = src

    def words(self):
        return self.picture.get_attribute("alt")


@pytest.fixture
def panel(notebook, request):
    """The panel of a test's code, open; afterwards nothing may have gone wrong anywhere."""
    page, complaints = notebook
    story = Story(page, request.param).open()
    fits_a_laptop(story)
    yield story
    if os.environ.get("TUTLIB_SHOTS"):
        name = re.sub("[^a-z]", "", request.node.originalname.lower())
        page.screenshot(path=f"{os.environ['TUTLIB_SHOTS']}/{name}.png")
    assert story.cell.locator(".tutlib-error:visible").all_text_contents() == []
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0
    assert complaints == []


def fits_a_laptop(story):
    """What is moved and what is watched are on one screen, and everything can be hit."""
    controls = story.cell.locator(".tutlib-controls").bounding_box()
    seen = story.picture.bounding_box()
    assert seen["y"] + seen["height"] - controls["y"] <= LAPTOP
    fields = story.cell.locator("button, select, input:not([type=checkbox])").all()
    boxes = [field.bounding_box() for field in fields if field.is_visible()]
    assert all(box["height"] >= FINGER for box in boxes)
    edge = story.cell.bounding_box()
    assert all(box["x"] + box["width"] <= edge["x"] + edge["width"] for box in boxes)


def of(code):
    return pytest.mark.parametrize("panel", [code], indirect=True, ids=[""])


@of(LOSSES)
def test_three_logits(panel):
    panel.press("logit hog", "ArrowRight")
    panel.tells(r"hog \+2\.5 ")
    panel.drag("logit wombat", 1.1)
    panel.tells(r"wombat \+6\.0 ")
    panel.choose("true class", "airliner")
    panel.tells("true class is airliner")


@of(GOOD_WORDS)
def test_good_words_are_added_one_by_one(panel):
    panel.button("Step").click()
    panel.tells(r"^A mail with 1 words added .*: soup\): score 5\.0 before, 2\.0 now, spam")
    panel.press("words added", "ArrowRight")
    panel.tells(r"soup, choir\): score 5\.0 before, 0\.0 now, wanted mail")
    panel.choose("mail", "spam mail 2")
    panel.tells(r"soup, choir\): score 2\.5 before, -2\.5 now")
    panel.choose("which words", "good words at random")
    panel.tells(r"with 2 words added \(good words at random: ")
    panel.press("words added", "Home")
    panel.tells(r"^A mail with 0 words added .*: score 2\.5 before, 2\.5 now, spam")
    for label, typed, told in (
        ("your own words", "choir zebra", r"choir, zebra\): score 2\.5 before, 0\.5 now, spam"),
        ("your own mail", "Prize! Prize!", r"choir, zebra\): score 3\.0 before, 1\.0 now, spam"),
    ):
        field = panel.cell.get_by_label(label, exact=True)
        field.fill(typed)
        field.press("Enter")
        panel.tells(told)
    panel.drag("words added", 1.1)
    panel.tells("now, wanted mail")


@of(PICKER)
def test_the_target_picker(panel):
    panel.choose("target", "wombat")
    panel.tells("16 steps to wombat, .* after, it says wombat")
    panel.press("eps", "Home")
    panel.tells(r"16 steps to wombat, eps 0\.5.255")
    panel.drag("steps", -0.1)
    panel.tells(r"^0 steps to wombat, .* after, it says hog")


@of(GEOMETRY)
def test_the_point_to_drag(panel):
    surface = panel.cell.locator(".tutlib-pad")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    panel.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"])
    panel.page.mouse.down()
    panel.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.4 * box["height"], steps=12)
    panel.page.mouse.up()
    panel.tells(r"at \(0\.(19|20|21), 0\.(59|60|61)\)")
    panel.cell.get_by_label("pixel 1", exact=True).fill("0.5")
    panel.cell.get_by_label("pixel 1", exact=True).press("Enter")
    panel.tells(r"at \(0\.50, ")
    for _ in range(5):  # faster than pictures come: no press is lost
        surface.press("ArrowLeft")
    panel.tells(r"at \(0\.40, ")
    panel.choose("norm", "L2")
    panel.tells("in an L2 ball of radius 0.15")
    panel.press("eps", "End")
    panel.tells("in an L2 ball of radius 0.3")


@of(WALK)
def test_the_walk_plays_and_arrives_from_another_start(panel):
    panel.button("Play").click()
    panel.tells(r"^12 steps of 0\.1 eps each, from the picture: loss 3\.")
    panel.press("steps taken", "Home")
    panel.tells("^0 steps of ")
    panel.press("steps taken", "ArrowRight", "ArrowRight")
    panel.tells("^2 steps of ")
    panel.choose("start at", "another random point")
    panel.tells("from another random point: ")
    panel.press("step size", "ArrowRight")
    panel.tells(r"^2 steps of 0\.2 eps each, from another")
    panel.drag("steps taken", 1.1)
    panel.tells(r"^12 steps of 0\.2 eps each, .*: loss 3\.86; .* has 3\.86")


@of(SMALLEST)
def test_the_smallest_change_is_compared(panel):
    panel.drag("digit", 1.1)
    panel.tells("^Digit 4, a 0, trained as usual, DeepFool")
    for _ in range(2):
        panel.press("digit", "ArrowLeft")
    panel.tells("^Digit 2, a 0, trained as usual, DeepFool: .* at distance 0.16")
    panel.choose("net", "robust")
    panel.tells("^Digit 2, a 0, robust, DeepFool: .* at distance 0.32")
    panel.choose("method", "DDN")
    panel.tells("^Digit 2, a 0, robust, DDN: .* at distance 0.16")


@of(CARRIED)
def test_one_noise_is_carried_from_picture_to_picture(panel):
    panel.press("picture", "ArrowRight")
    panel.tells(r"^Picture 2, a wombat, with the one noise of 2.255 \(L∞\)")
    panel.drag("size", 1.1)
    panel.tells(r"^Picture 2, a wombat, with the one noise of 4.255")
    panel.choose("norm", "L2")
    panel.tells(r"of 4.255 \(L2\)")
    panel.choose("noise", "random noise")
    panel.tells("^Picture 2, a wombat, with random noise of 4.255")
    panel.press("size", "Home")
    panel.drag("picture", 1.1)
    panel.tells(
        "^Picture 4, a giant panda, with random noise of 0.255 .*: the net says giant panda"
    )


@of(HAND)
def test_a_camera_in_the_hand(panel):
    panel.press("turn", "ArrowRight")
    panel.tells("^Turned by 5°, rolled by 0°, zoom 1. plain: hog")
    panel.drag("turn", 1.1)
    panel.tells("^Turned by 45°, ")
    panel.press("zoom", "Home")
    panel.tells("^Turned by 45°, rolled by 0°, zoom 0.6. ")
    panel.choose("file", "coarse")
    panel.press("roll", "End")
    panel.tells("^Turned by 45°, rolled by 30°, zoom 0.6. plain: .*; through the camera: ")


@of(CROSSING)
def test_made_for_one_shown_to_all(panel):
    panel.choose("made for", "deaf")
    panel.tells("made for deaf: 0 of 2 fall")
    panel.choose("made for", "light")
    panel.tells(r"^Digit 1, .*100 % of a change made for light: 1 of 2 fall \(light\)")
    panel.press("strength", "Home")
    panel.tells(r"^Digit 1, .* 0 % of a change made for light: 0 of 2 fall")
    panel.drag("strength", 1.1)
    panel.tells("150 % of a change made for light: 1 of 2 fall")
    panel.press("digit", "ArrowRight")
    panel.tells("^Digit 2, ")


@of(RISK)
def test_the_falling_digits(panel):
    panel.press("ε", "End")
    panel.tells(r"At eps 0\.12, ([1-9]|1[0-2]) of 12")
    panel.drag("ε", 0.5)
    panel.tells(r"At eps 0\.06, ")
    panel.press("ε", "Home")
    panel.tells("At eps 0, 0 of 12")


@of(TRAVERSE)
def test_a_walk_along_one_straight_line(panel):
    start = r"^no bend, a 5 \(a\), against the lead, 0.255: .*; R squared of the lead 1\.000"
    assert re.search(start, panel.words())
    panel.press("how far", "ArrowRight")
    panel.tells(r"against the lead, 3.255: the net says \d \(\d+%\); .* 1\.000")
    panel.drag("how far", 1.1)
    panel.tells(r"against the lead, 30.255: ")
    panel.choose("direction", "random signs")
    panel.tells(r"random signs, 30.255: .* 1\.000")
    panel.choose("digit", "a 3 (b)")
    panel.tells(r"^no bend, a 3 \(b\), random signs, 30.255")
    panel.choose("net", "sigmoid")
    panel.tells(r"^sigmoid, a 3 \(b\)")
    panel.press("how far", "Home")
    panel.tells(r"random signs, -30.255: ")


@of(MAPS)
def test_a_click_on_a_map_shows_the_picture_that_is_there(panel):
    surface = panel.cell.locator(".tutlib-pad")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    panel.page.mouse.click(box["x"] + 0.63 * box["width"], box["y"] + 0.5 * box["height"])
    panel.tells(r"^Map 5 of 9, a \d: at \+0\.(7|8)\d on the adversarial and [+-]0\.0\d on ")
    for _ in range(4):  # a tenth of the way from the middle to an edge each
        surface.press("ArrowUp")
    panel.tells(r"^Map 5 of 9, .* and \+0\.(3|4)\d on the random direction the net says \d \(logit")
    panel.cell.get_by_label("across", exact=True).fill("0.5")
    panel.cell.get_by_label("across", exact=True).press("Enter")
    panel.tells(r"^Map 4 of 9, .* at \+0\.00 on the adversarial")


@of(GROUNDS)
def test_the_ground_is_swapped_under_an_animal(panel):
    panel.choose("ground", "sand")
    panel.tells(r"^Animal 1, a hog on sand. a habit: wombat .*; unmoved: hog \(73%\)")
    panel.choose("shown", "the animal covered")
    panel.tells(r"^Animal 1, a hog on sand, covered in grey. a habit: wombat")
    panel.choose("animal", "wombat")
    panel.choose("ground", "grass")
    panel.tells(r"^Animal 1, a wombat on grass, covered in grey. a habit: hog")
    panel.press("picture", "ArrowRight")
    panel.tells(r"^Animal 2, a wombat on grass, covered in grey. a habit: hog")


@of(MOONS)
def test_points_without_labels_push(panel):
    panel.press("eps", "ArrowRight", "ArrowRight", "ArrowRight")
    panel.tells(r"^eps 0\.3, weight 1, 4 labels a class: \d of 400 points")
    panel.choose("labels a class", "1")
    panel.tells(r"^eps 0\.3, weight 1, 1 labels a class: \d+ of 400 points")
    panel.press("weight", "Home")
    panel.tells(r"^eps 0\.3, weight 0, 1 labels a class: \d\d+ of 400 points")


@of(GUARANTEES)
def test_the_four_answers(panel):
    panel.press("eps", "ArrowRight", "ArrowRight", "ArrowRight")
    panel.tells(r"eps 0\.025\. intervals: no answer, lines: proved, exact: safe")
    panel.drag("eps", 1.1)
    panel.tells(r"eps 0\.100\. intervals: no answer, lines: no answer, exact: can be fooled")
    panel.choose("digit", "a 0 (c)")
    panel.tells(r"a 0 \(c\), eps 0\.100\. intervals: no answer")
    panel.press("eps", "Home")
    panel.tells(r"a 0 \(c\), eps 0\.000\. intervals: proved")


@of(DECAY)
def test_an_adversary_or_a_decay(panel):
    panel.press("how strong", "ArrowRight")
    panel.tells(r"^adversary: 0\.2, weights together: 1\.0; wrong: clean 0%, at eps 0\.1 0%")
    panel.choose("in the training", "decay")
    panel.tells(r"^decay: 0\.1, weights together: 4\.0; .* at eps 0\.1 100%")


@of(TRAINING)
def test_the_training_plays(panel):
    panel.button("Play").click()
    panel.tells("moved by PGD, epoch (?!0:|20:)")
    panel.choose("the points are moved by", "nobody")  # a hand on a control pauses
    panel.tells("moved by nobody, epoch [1-9]")
    assert panel.button("Play").is_visible()


@of(DUEL)
def test_a_defence_meets_an_attack(panel):
    panel.choose("attack", "knows the defence")
    panel.tells(r"^noise at test time, knows the defence, digit 1: .* right on 33%")
    panel.choose("defence", "error-correcting code")
    panel.tells(r"^error-correcting code, knows the defence, digit 1: .* right on 33%")
    panel.press("digit", "ArrowRight")
    panel.tells(r"^error-correcting code, knows the defence, digit 2: ")
    panel.choose("attack", "nobody")
    panel.tells(r"^error-correcting code, nobody, digit 2: .* right on 67%")


@of(KNOBS)
def test_the_knobs_make_a_car_boil(panel):  # km.h: a slash would end the pattern
    panel.press("engine", "End")
    panel.tells(r"your car: promised \d+, true \d+ km.h, runs hot; machine's: promised 2\d\d, ")
    panel.drag("angle", 1.1)
    panel.tells(r"your car: .* runs hot, wing stalls; ")
    panel.press("engine", "Home")
    panel.tells(r"your car: .* km.h, wing stalls; ")
    panel.press("clearance", "Home")
    panel.tells(r"your car: .* km.h, wing stalls, floor scrapes; ")


@of(RING)
def test_the_ring_plays_pauses_and_steps(panel):
    panel.button("Play").click()
    panel.tells("after (?!0 |25 )")
    panel.button("Pause").click()
    panel.button("Play").wait_for()
    panel.page.wait_for_timeout(600)  # the round in hand is still shown
    paused = panel.words()
    panel.page.wait_for_timeout(1200)
    assert panel.words() == paused
    rounds = int(re.search(r"after (\d+) rounds", paused)[1])
    panel.button("Step").click()
    panel.tells(f"after {rounds + 25} rounds")
    panel.button("Reset").click()
    panel.tells("after 0 rounds")
    panel.choose("recipe", "collapse")
    panel.tells("^collapse recipe after 0 rounds")
    panel.press("round", "ArrowRight")
    panel.tells("^collapse recipe after 25 rounds")


@of(QUIZ)
def test_the_quiz_covers_the_truth_until_it_is_asked_for(panel):
    panel.press("sheet", "ArrowRight")
    panel.tells("^Sheet 2: .* the truth is covered")
    panel.choose("truth", "shown")
    panel.tells("^Sheet 2: .* real are [AB]")
    panel.drag("sheet", 1.1)
    panel.tells("^Sheet 4: .* real are [AB]")


@of(DRAGGED)
def test_a_horse_is_dragged_through_three_nets(panel):
    pad = panel.cell.get_by_role("slider", name="pose")
    pad.press("ArrowRight")
    panel.tells(r"looks left, turn 1\.3[56], head 0\.00, stride 0, noise 0: outline, painted")
    box = pad.bounding_box()
    panel.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    panel.tells(r"turn 1\.0\d, head 0\.2\d")
    panel.choose("looks", "right")
    panel.tells("^A horse that looks right, turn 1")
    panel.press("noise", "End")
    panel.tells("noise 64: outline")


@of(TWELVE)
def test_twelve_pictures_are_guessed_and_counted(panel):
    field = panel.cell.get_by_label("made are", exact=True)
    field.fill("1 2 3 4 5 6")
    field.press("Enter")
    panel.choose("truth", "shown")
    panel.tells(r"^Sheet 1: .* made are [\d, ]+; you are right about \d+ of 12$")
    panel.press("sheet", "ArrowRight")
    panel.tells("^Sheet 2: .* you are right about")


@of(STYLE)
def test_the_style_can_be_stopped(panel):
    panel.button("Stop").wait_for(state="hidden")
    panel.press("steps", "End")
    panel.button("Stop").click()
    panel.cell.get_by_text(re.compile(r"Stopped at \d+%: this is the last result")).wait_for()
    assert not panel.button("Stop").is_visible()
    stopped = panel.words()
    panel.page.wait_for_timeout(800)
    assert panel.words() == stopped
    panel.drag("steps", 0.3)  # 6 of them
    panel.choose("style", "mondrian")
    panel.tells(r"in the manner of mondrian, lambda 10: content loss (?!0\.00)")
    panel.press("lambda", "Home")
    panel.tells("mondrian, lambda 0: content loss 0.00")


@of(PATCHES)
def test_patches_of_your_own_pictures(panel, tmp_path):
    measured = r"strange \d\.\d\d, left out \d\.\d\d$"
    panel.press("hold", "Home")
    panel.tells(rf"^chelsea in patches of stained glass, hold 0: {measured}")
    panel.choose("style", "waves")
    panel.tells(rf"patches of waves, hold 0: {measured}")
    panel.drag("hold", 1.1)
    panel.tells(rf"patches of waves, hold 4: {measured}")
    for name, place, words in (
        ("photo", 0, "your photo in patches of waves"),
        ("painting", 1, "your photo in patches of your painting"),
    ):
        file = tmp_path / f"{name}.png"
        Image.radial_gradient("L").resize((90, 60 + 60 * place)).convert("RGB").save(file)
        panel.cell.get_by_label(f"your {name}", exact=True).set_input_files(file)
        panel.tells(rf"^{words}, hold 4: {measured}")
    panel.press("hold", "ArrowLeft")
    panel.button("Stop").click()
    panel.cell.get_by_text(re.compile(r"Stopped at \d+%: this is the last result")).wait_for()
    assert panel.words().endswith("painting ...")


@of(ONE_PASS)
def test_one_pass_over_your_own_pictures(panel, tmp_path):
    panel.choose("style", "mondrian")
    panel.tells("^chelsea painted by the net for mondrian, strength 1$")
    panel.press("strength", "Home")
    panel.tells("net for mondrian, strength 0$")
    panel.drag("strength", 1.1)
    panel.tells("net for mondrian, strength 1$")
    for name, words in (
        ("photo", "your photo painted by the net for mondrian"),
        ("painting", "your photo painted by the net for your painting"),
    ):
        file = tmp_path / f"{name}.png"
        Image.radial_gradient("L").resize((90, 60)).convert("RGB").save(file)
        panel.cell.get_by_label(f"your {name}", exact=True).set_input_files(file)
        panel.tells(rf"^{words}, strength 1$")


@of(WISHES)
def test_three_wishes_of_one_sum(panel):
    said = r"The net says [a-z ]+ \((< 0.01|[\d.]+) %\)$"
    panel.press("be an airliner", "End")
    panel.tells(rf"^Weights: pig 0.3, paint 1, airliner 1\. {said}")
    panel.press("be painted", "Home")
    panel.tells(rf"^Weights: pig 0.3, paint 0, airliner 1\. {said}")
    panel.drag("look like the pig", 1.1)
    panel.tells(rf"^Weights: pig 1, paint 0, airliner 1\. {said}")
    panel.press("be an airliner", "Home")
    panel.tells(rf"^Weights: pig 1, paint 0, airliner 0\. {said}")


@of(BIRDS)
def test_birds_come_as_asked_and_a_bad_caption_gets_a_sentence(panel):
    assert panel.words().startswith("Asked for: a small bird with a pink breast and black wings. ")
    panel.choose("or pick", "(no words: any bird)")
    panel.tells(r"^Asked for: any bird\. Four generated birds, try 1$")
    field = panel.cell.get_by_label("your caption", exact=True)
    for typed, told in (
        (
            "a bird with red wings",
            r"a bird with red wings\. Four generated birds, try 1\. red wings seen in",
        ),
        ("a bird with purpel wings", r"Instead of birds: .*purpel"),
        ("a red and blue crown", r"Instead of birds: .*more than one colour"),
    ):
        field.fill(typed)
        field.press("Enter")
        panel.tells(told)
    field.fill("a large bird")
    field.press("Enter")
    panel.tells("try 1. large seen in")
    panel.press("again", "ArrowRight")
    panel.tells("try 2. large seen in")


@of(APART)
def test_two_heaps_pushed_apart(panel):
    panel.press("gap θ", "End")
    panel.tells(r"^gap 3\.0, width 0\.1: slope of Jensen-Shannon 0\.000, of Wasserstein 1")
    panel.press("width of the heaps", "End")
    panel.tells(r"^gap 3\.0, width 1\.0: slope of Jensen-Shannon 0\.1\d\d, of Wasserstein 1")
    panel.drag("gap θ", 0.5)
    panel.tells(r"^gap -?[01]\.\d, width 1\.0")


@of(FACES)
def test_walk_with_a_finger(panel):
    panel.press("smile", "Home")
    panel.tells("smile [0-4]?[0-9] %")
    panel.press("smile", "End")
    panel.tells("smile ([5-9][0-9]|100) %")
    panel.press("glasses", "End")
    panel.tells("glasses ([5-9][0-9]|100) %")
