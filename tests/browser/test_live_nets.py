"""The nets of the live pages: JavaScript and WebAssembly against torch, Pillow, the panels."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch.nn import functional as F

from tools.live import SOURCE
from tutlib import assets
from tutlib.attacks import pgd
from tutlib.balls import Linf
from tutlib.lessons.panels import geometry

pytestmark = pytest.mark.browser
HOST = "http://live.test/"
TWINS = ("standard", "plain", "robust")
# What every call below starts with: the module's own files, a net, a picture as float32.
TOOLS = """
const {worldNet} = await import("/net.js");
const {argmax, crossEntropySlope, softmax} = await import("/numbers.js");
const {readSafetensors} = await import("/safetensors.js");
const {bounds, pgd} = await import("/attack.js");
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const text = array => { const b = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let s = "";
  for (let i = 0; i < b.length; i += 9999) s += String.fromCharCode(...b.subarray(i, i + 9999));
  return btoa(s); };
const kernels = new Uint8Array(await (await fetch("/kernels.wasm")).arrayBuffer());
const nets = (window.nets ??= {});
const weights = async name => (await fetch(`/things-${name}.safetensors`)).arrayBuffer();
const netOf = async (name, wasm = true) => nets[name + wasm] ??= worldNet(wasm ? kernels : null,
  readSafetensors(await weights(name)), name === "standard");
const picture = levels => Float32Array.from(bytes(levels), v => v / 255);
"""


@pytest.fixture(scope="module")
def js(chromium):
    """js(code, argument): runs the body of an async function in a page that has the modules."""
    page = chromium.new_context().new_page()
    page.set_default_timeout(60_000)

    def serve(route):
        name = route.request.url.removeprefix(HOST) or "index.html"
        if name == "index.html":
            return route.fulfill(body="<!doctype html>", content_type="text/html")
        folder = SOURCE if (SOURCE / name).exists() else SOURCE.parents[1] / "data"
        return route.fulfill(path=folder / name)

    page.route("**/*", lambda route: route.abort())
    page.route(HOST + "**", serve)
    page.goto(HOST)
    yield lambda code, argument=None: page.evaluate(
        f"async (given) => {{ {TOOLS} {code} }}", argument
    )
    page.context.close()


def packed(picture):
    """A picture (1, 3, H, W) on the 8-bit grid, as the page gets it."""
    levels = (picture[0] * 255).round().to(torch.uint8).cpu()
    return base64.b64encode(levels.numpy().tobytes()).decode()


def unpacked(text, dtype=np.float32):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype=dtype).copy())


def noise():
    levels = torch.randint(256, (1, 3, 224, 224), generator=torch.Generator().manual_seed(5))
    return levels / 255


@pytest.mark.parametrize("name", TWINS)
def test_logits_and_gradients_are_those_of_torch_in_float64(js, name):
    net = assets.classifier(twin=name).double().cpu()
    for x in (assets.picture("hog").cpu(), assets.picture("school bus").cpu(), noise()):
        exact = x.double().requires_grad_()
        logits = net(exact)
        y = logits.argmax(1)
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, y), exact)
        found = js(
            """const net = await netOf(given.name), logits = net.forward(picture(given.x));
            const slope = net.backward(crossEntropySlope(logits, argmax(logits)));
            return {logits, slope: text(slope), engine: net.engine};""",
            {"name": name, "x": packed(x)},
        )
        assert found["engine"] == "wasm"
        off = (torch.tensor(found["logits"]).double() - logits[0]).abs().max()
        assert off <= 1e-5 * logits.abs().max()
        slope = unpacked(found["slope"]).double().view_as(gradient)
        assert (slope - gradient).abs().max() <= 1e-5 * gradient.abs().max()
        assert torch.cosine_similarity(slope.flatten(), gradient.flatten(), 0) > 1 - 1e-9


CASES = [("standard", "hog", eps, 5, None) for eps in (0.25, 0.5, 1, 2)]
CASES += [("standard", "giant panda", 2, 5, None), ("standard", "hog", 2, 16, "airliner")]
CASES += [("standard", "school bus", 2, 16, "wombat"), ("standard", "hog", 2, 2, "airliner")]
CASES += [(twin, name, 8, 8, None) for twin in ("plain", "robust") for name in ("hog", "tabby")]


@pytest.mark.parametrize(("name", "thing", "eps", "steps", "target"), CASES)
def test_the_verdicts_are_those_of_pgd_and_the_ball_is_kept(js, name, thing, eps, steps, target):
    net, x, eps = assets.classifier(twin=name).cpu(), assets.picture(thing).cpu(), eps / 255
    goal = None if target is None else net.index(target)
    y, size = net(x).argmax(1), eps / 4
    ours = pgd(net, x, y, Linf(eps), steps=steps, step_size=size, target=goal, random_start=False)
    found = js(
        """const net = await netOf(given.name), x = picture(given.x);
        let last; for (const now of pgd(net, x, given)) last = now;
        let far = 0, low = 1, high = 0;  // in float64: no rounding hides a step out of the ball
        last.point.forEach((v, i) => { far = Math.max(far, Math.abs(v - x[i]));
          low = Math.min(low, v); high = Math.max(high, v); });
        return {logits: last.logits, far, low, high, t: last.t, point: text(last.point)};""",
        {"name": name, "x": packed(x), "eps": eps, "size": size, "steps": steps, "goal": goal},
    )
    theirs, point = net(ours)[0], unpacked(found["point"]).view_as(x)
    assert found["t"] == steps
    assert max(range(10), key=found["logits"].__getitem__) == int(theirs.argmax())
    chances = torch.tensor(found["logits"]).softmax(0)
    assert (chances - theirs.softmax(0)).abs().max() < 0.1  # tiny slopes may have another sign
    assert ((point - ours).abs() < 1e-6).float().mean() > 0.5  # by chance, it would be a third
    assert 0.9 * min(eps, steps * size) < found["far"] <= eps
    assert (point - x).abs().max() <= eps  # as torch measures it
    assert found["low"] >= 0
    assert found["high"] <= 1


@pytest.mark.parametrize("eps", [1e-8, 1e-7, 0.25 / 255, 1 / 255, 0.1, 0.7])
def test_the_bounds_are_those_of_the_ball(js, eps):
    x = noise()
    found = js("""const {low, high} = bounds(picture(given.x), given.eps);
        return [text(low), text(high)];""", {"x": packed(x), "eps": eps})  # fmt: skip
    for side, wanted in zip(found, Linf(eps).bounds(x)):
        assert torch.equal(unpacked(side).view_as(x), wanted.clamp(0, 1))


def test_without_webassembly_it_is_the_same_to_the_last_bit(js):
    found = js(
        """const ends = [];
        for (const wasm of [true, false]) {
          const net = await netOf("standard", wasm), x = picture(given);
          let last;
          for (const now of pgd(net, x, {eps: 2 / 255, size: 1 / 255, steps: 2})) last = now;
          ends.push([net.engine, text(last.point), last.logits]);
        }
        return ends;""",
        packed(assets.picture("hog")),
    )
    (fast, *ours), (plain, *theirs) = found
    assert (fast, plain) == ("wasm", "plain")
    assert ours == theirs


def test_a_net_that_is_quite_sure_still_has_a_slope(js):
    sure = js("return crossEntropySlope([0, 60, 5], 1);")
    assert sure[1] == pytest.approx(-(np.exp(-60) + np.exp(-55)), rel=1e-12)
    assert sum(sure) == 0


@pytest.mark.parametrize("size", [(300, 200), (201, 334), (100, 131), (224, 224), (640, 427)])
def test_lanczos_is_pillows_to_the_last_bit(js, size):
    draw = np.random.default_rng(3)
    soft = Image.fromarray(draw.integers(0, 256, (7, 9, 3), dtype=np.uint8)).resize(size)
    grain = draw.integers(-60, 60, (size[1], size[0], 3))
    picture = Image.fromarray((np.asarray(soft) + grain).clip(0, 255).astype(np.uint8))
    side, how = min(size), Image.Resampling.LANCZOS
    left, top = (size[0] - side) / 2, (size[1] - side) / 2
    across = picture.resize((224, size[1]), how, box=(left, 0, left + side, size[1]))
    wanted = across.resize((224, 224), how, box=(0, top, 224, top + side))
    found = js(
        """const {fit} = await import("/lanczos.js");
        return text(fit(bytes(given.rgba), given.size[0], given.size[1], 224));""",
        {"rgba": base64.b64encode(picture.convert("RGBA").tobytes()).decode(), "size": size},
    )
    planes = unpacked(found, np.uint8).view(3, 224, 224).numpy()
    assert np.array_equal(planes.transpose(1, 2, 0), np.asarray(wanted))
    # Pillow may go down first, and round in between; and then the edges of grain are cut elsewhere.
    theirs = np.asarray(ImageOps.fit(picture, (224, 224), how)).astype(float)
    assert np.abs(planes.transpose(1, 2, 0) - theirs).mean() < 0.5


def test_halves_are_read_as_numpy_reads_them(js):
    bits = np.arange(65536, dtype=np.uint16)
    from safetensors.numpy import save

    file = save({"w": bits.view(np.float16), "count": np.zeros(1, dtype=np.int64)})
    found = js("""const found = readSafetensors(bytes(given).buffer);
        return [Object.keys(found), found.w.shape, text(found.w.data)];""",
        base64.b64encode(file).decode())  # fmt: skip
    assert found[:2] == [["w"], [65536]]
    wide = unpacked(found[2]).numpy()
    np.testing.assert_array_equal(wide, bits.view(np.float16).astype(np.float32))


def test_two_pixels_as_in_the_python_panel(js):
    states = [{"point": point, "norm": norm, "eps": eps}
              for point in ((0.7, 0.3), (0.3, 0.45), (0.02, 0.98)) for norm in ("Linf", "L2")
              for eps in (0.05, 0.3)]  # fmt: skip
    found = js(
        """const {oneStep} = await import("/two_pixels.js");
        return given.map(({point, norm, eps}) => oneStep(point, norm, eps));""",
        states,
    )
    for state, here in zip(states, found):
        wanted = geometry.compute(state)
        for name in ("loss", "promised", "reached", "highest"):
            assert here[name] == pytest.approx(getattr(wanted, name), rel=2e-4, abs=2e-4), name
        np.testing.assert_allclose(here["gradient"], wanted.gradient, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(here["profile"], wanted.profile, rtol=1e-4, atol=1e-5)
        step = np.subtract(here["edge"], here["point"])
        np.testing.assert_allclose(step, wanted.step, atol=1e-5)


def test_chances_are_written_as_in_the_figures(js):
    from tutlib.plots.pictures import _percent

    values = [0, 3e-5, 2e-4, 0.004, 0.0994, 0.1, 0.5, 0.994, 0.996, 1]
    found = js("""const {percent} = await import("/dom.js"); return given.map(percent);""", values)
    assert [text.replace("\u00a0", " ") for text in found] == [_percent(value) for value in values]


def test_a_photo_is_read_as_pillow_reads_it(js):
    """Upright by its EXIF rotation, its transparent parts on white."""
    from tutlib.assets import photos

    for kind, orientation in (("JPEG", 6), ("JPEG", 3), ("PNG", None)):
        file = a_photo(kind, orientation)
        found = js(
            """const {readPhoto} = await import("/photo.js"), {fit} = await import("/lanczos.js");
            const photo = await readPhoto(new File([bytes(given)], "mine"));
            const {rgba, width, height} = photo;
            return [width, height, text(fit(rgba, width, height, 224))];""",
            base64.b64encode(file).decode(),
        )
        assert found[:2] == ([300, 420] if orientation == 6 else [420, 300])
        wanted = photos.read(file)[0] * 255
        off = (unpacked(found[2], np.uint8).view(3, 224, 224) - wanted).abs()
        assert off.mean() < 0.2  # levels: two decoders of JPEG round differently
        assert off.max() <= 8


def a_photo(kind="JPEG", orientation=6):
    """A picture without any symmetry, 420 x 300, as the bytes of a file."""
    x, y = np.meshgrid(np.linspace(0, 1, 420), np.linspace(0, 1, 300))
    waves = np.stack([x, y, 0.5 + 0.5 * np.sin(20 * x + 31 * y)], -1)
    picture, file = Image.fromarray((255 * waves).astype(np.uint8)), io.BytesIO()
    if kind == "PNG":
        picture.putalpha(Image.fromarray((255 * (x > 0.2)).astype(np.uint8)))
        picture.save(file, "PNG")
    else:
        notes = Image.Exif()
        notes[0x0112] = orientation
        picture.save(file, "JPEG", quality=95, subsampling=0, exif=notes)
    return file.getvalue()
