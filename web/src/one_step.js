// One step to the edge of the ball (lesson 2.2): two pixels, a loss, and a point to drag.
import {make, svg} from "./dom.js";
import {plot} from "./plot.js";
import {shell} from "./shell.js";
import {loss, oneStep} from "./two_pixels.js";

const GRID = 200, LEVELS = 14;

export function oneStepPanel(host, config, kit) {
  const pad = config.controls.find(({kind}) => kind === "pad");
  const figure = make("div", {className: "duo"});
  const panel = shell(host, config, kit.style, {figure, moved: () => draw()});
  const ground = surface(), left = make("div", {className: "map"}), right = make("div");
  let point = [...pad.value], held = false, axes = null, shown = make("div");
  const handle = make("div", {className: "handle", role: "slider", tabIndex: 0, "aria-label": pad.label,
    "aria-roledescription": "point to drag", "aria-valuemin": 0, "aria-valuemax": 1});
  left.append(shown, handle);
  figure.append(left, right);

  function draw() {
    const {norm, eps} = panel.values, found = oneStep(point, norm, eps);
    axes = map(found, ground);
    shown.replaceWith(axes.node);  // the handle stays, and keeps the keys
    shown = axes.node;
    right.replaceChildren(profile(found));
    place(found.point);
    const words = pad.names.map((name, k) => `${name} ${point[k].toFixed(2)}`).join(", ");
    handle.setAttribute("aria-valuetext", words);
    handle.setAttribute("aria-valuenow", point[0].toFixed(2));
    panel.says(inWords(found));
    host.dataset.done = [found.loss, found.promised, found.reached, found.highest].map(v => v.toFixed(4)).join(" ");
  }

  function place(where) {  // the handle lies on the square of the drawing, whatever its size
    const [x, y] = axes.at(where), {width} = axes.drawn.viewBox.baseVal;
    handle.style.left = `${100 * x / width}%`;
    handle.style.marginTop = `calc(${100 * y / width}% - 22px)`;  // of the width, too
  }

  function move(x, y) {
    point = [x, y].map(v => Math.round(1000 * Math.max(0, Math.min(1, v))) / 1000);
    draw();
  }

  function follow(event) {
    const {left: x0, top: y0, width} = axes.drawn.getBoundingClientRect();
    const scale = axes.drawn.viewBox.baseVal.width / width, [bx, by, wide, high] = axes.box;
    move(((event.clientX - x0) * scale - bx) / wide, 1 - ((event.clientY - y0) * scale - by) / high);
  }

  left.addEventListener("pointerdown", event => {
    held = true;
    left.setPointerCapture(event.pointerId);
    follow(event);
    handle.focus({preventScroll: true});
    event.preventDefault();
  });
  left.addEventListener("pointermove", event => { if (held) follow(event); });
  for (const end of ["pointerup", "pointercancel"]) left.addEventListener(end, () => { held = false; });
  const keys = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
  handle.addEventListener("keydown", event => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    const [dx, dy] = keys[event.key];
    move(point[0] + dx * pad.step[0], point[1] + dy * pad.step[1]);
  });
  draw();
}

/** The loss as a grey picture in 14 shades: dark is high. */
function surface() {
  const canvas = make("canvas", {width: GRID, height: GRID}), pen = canvas.getContext("2d");
  const heights = Array.from({length: GRID * GRID}, (_, i) =>
    loss([(i % GRID + 0.5) / GRID, 1 - (Math.floor(i / GRID) + 0.5) / GRID]));
  const most = Math.max(...heights.slice(0, GRID)), image = pen.createImageData(GRID, GRID);
  heights.forEach((height, i) => {
    const shade = 255 - 190 * Math.min(1, Math.floor(LEVELS * height / most) / (LEVELS - 1));
    image.data.set([shade, shade, shade, 255], 4 * i);
  });
  pen.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

const TICKS = [0, 0.5, 1].map(v => [v, v.toFixed(1)]);

/** Where the picture stands, its ball, the gradient, the step, and the worst point. */
function map({point, norm, eps, gradient, edge, worst}, ground) {
  const axes = plot({title: "the loss (dark is high)", x: [0, 1], y: [0, 1], ratio: 1,
    xLabel: "pixel 1", yLabel: "pixel 2", xTicks: TICKS, yTicks: TICKS});
  const [x, y, wide, high] = axes.box, [px, py] = axes.at(point), radius = eps * wide;
  const inside = axes.add(svg("svg", {x, y, width: wide, height: high, viewBox: `${x} ${y} ${wide} ${high}`}));
  inside.append(svg("image", {x, y, width: wide, height: high, href: ground, preserveAspectRatio: "none"}));
  inside.append(norm === "L2" ? svg("circle", {cx: px, cy: py, r: radius, class: "ball"})
    : svg("rect", {x: px - radius, y: py - radius, width: 2 * radius, height: 2 * radius, class: "ball"}));
  inside.append(arrow([px, py], gradient, 0.16 * wide));
  const [ex, ey] = axes.at(edge);
  axes.add(svg("path", {d: `M${px},${py}L${ex},${ey}`, class: "curve-line", "data-meaning": "adversarial"}));
  axes.mark(edge, "adversarial", "circle", "the one step", 8);
  axes.mark(worst, "worst", "star", "the true worst", 10);
  axes.mark(point, "clean", "square", "the picture", 6);
  axes.node = axes.done("The loss over two pixels, with the picture, its ball, the step and the worst point.");
  return axes;
}

function arrow([x, y], [gx, gy], long) {
  const length = Math.hypot(gx, gy);
  if (length < 1e-9) return svg("g");
  const [u, v] = [gx / length, -gy / length], [tx, ty] = [x + long * u, y + long * v];
  const back = [tx - 11 * u, ty - 11 * v], head = [[tx, ty], [back[0] - 5 * v, back[1] + 5 * u], [back[0] + 5 * v, back[1] - 5 * u]];
  return svg("g", {class: "arrow"}, svg("path", {d: `M${x},${y}L${back}`}), svg("polygon", {points: head.join(" ")}));
}

/** The loss on the way from the picture to the edge, and what the gradient promised. */
function profile({profile: heights, loss: here, promised, reached, highest}) {
  const top = 1.2 * Math.max(highest, promised, 0.3), step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5].find(s => top / s <= 6) ?? 10;
  const ticks = Array.from({length: Math.floor(top / step) + 1}, (_, k) => [k * step, (k * step).toFixed(step < 0.1 ? 2 : 1)]);
  const axes = plot({title: "the loss along the step", x: [0, 1], y: [0, top], ratio: 1, yLabel: "loss",
    xTicks: [[0.12, "the picture"], [0.9, "the edge"]], yTicks: ticks});
  axes.line([[0, highest], [1, highest]], {meaning: "ink", dash: "8 5", label: `the true worst, ${highest.toFixed(2)}`});
  axes.line([[0, here], [1, promised]], {meaning: "adversarial", dash: "2 5", label: `promised, ${promised.toFixed(2)}`});
  axes.line(heights.map((v, k) => [k / 40, v]), {meaning: "adversarial", label: `reached, ${reached.toFixed(2)}`});
  return axes.done(`The loss along the step: promised ${promised.toFixed(2)}, reached ${reached.toFixed(2)}, the true worst ${highest.toFixed(2)}.`);
}

function inWords({promised, reached, highest}) {
  return `The step promises ${promised.toFixed(2)} and reaches ${reached.toFixed(2)}; the worst point of the ball has ${highest.toFixed(2)}.`;
}
