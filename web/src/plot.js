// A small pair of axes in SVG: lines, marks, ticks and a legend, in the colours of their meaning.
import {make, svg} from "./dom.js";

const LEFT = 52, RIGHT = 10, TOP = 30, BOTTOM = 46, WIDTH = 340;

/**
 * {line, mark, add, at, done}: `x`, `y` are the ranges, `ratio` the height of the box over its width,
 * ticks are [value, text]. `done(alt)` gives the node, with the legend below.
 */
export function plot({title, x, y, ratio, xLabel = "", yLabel = "", xTicks = [], yTicks = []}) {
  const wide = WIDTH - LEFT - RIGHT, high = wide * ratio, height = TOP + high + BOTTOM;
  const at = ([u, v]) => [LEFT + wide * (u - x[0]) / (x[1] - x[0]), TOP + high * (1 - (v - y[0]) / (y[1] - y[0]))];
  const drawn = svg("svg", {viewBox: `0 0 ${WIDTH} ${height}`, class: "plot", role: "img"}), legend = [];
  const text = (words, place, anchor, more = {}) =>
    drawn.append(svg("text", {x: place[0], y: place[1], "text-anchor": anchor, ...more}, words));
  for (const [value, words] of yTicks) {
    const [, v] = at([x[0], value]);
    drawn.append(svg("line", {x1: LEFT, x2: LEFT + wide, y1: v, y2: v, class: "grid"}));
    text(words, [LEFT - 7, v + 4.5], "end");
  }
  for (const [value, words] of xTicks) text(words, [at([value, 0])[0], TOP + high + 19], "middle");
  drawn.append(svg("path", {d: `M${LEFT},${TOP}v${high}h${wide}`, class: "axis"}));
  text(title, [LEFT + wide / 2, 17], "middle", {class: "heading"});
  text(xLabel, [LEFT + wide / 2, height - 6], "middle");
  if (yLabel) text(yLabel, [0, 0], "middle", {transform: `translate(13 ${TOP + high / 2}) rotate(-90)`});
  const axes = {
    at, drawn, scale: wide / (x[1] - x[0]), box: [LEFT, TOP, wide, high],
    add(node) { drawn.append(node); return node; },
    /** A line through points; `mark`: "circle" or "square" at each; `label` for the legend. */
    line(points, {meaning, dash = "", mark = "", label = ""}) {
      const path = points.map((point, k) => `${k ? "L" : "M"}${at(point).map(v => v.toFixed(1))}`).join("");
      axes.add(svg("path", {d: path, class: "curve-line", "stroke-dasharray": dash, "data-meaning": meaning}));
      if (mark) for (const point of points) axes.add(symbol(mark, at(point), meaning));
      if (label) legend.push(entry(label, meaning, {dash, mark}));
    },
    /** A mark alone. */
    mark(point, meaning, kind, label, size) {
      axes.add(symbol(kind, at(point), meaning, size));
      if (label) legend.push(entry(label, meaning, {mark: kind, line: false}));
    },
    done(alt) {
      drawn.setAttribute("aria-label", alt);
      return make("div", {className: "plotted"}, drawn, make("div", {className: "legend"}, ...legend));
    },
  };
  return axes;
}

const STAR = Array.from({length: 10}, (_, k) => {
  const r = k % 2 ? 0.42 : 1, a = Math.PI * (k / 5 - 0.5);
  return [r * Math.cos(a), r * Math.sin(a)];
});

/** A mark around a place of the drawing. */
export function symbol(kind, [x, y], meaning, size = 4.5) {
  const look = {class: `mark ${kind}`, "data-meaning": meaning};
  if (kind === "circle") return svg("circle", {cx: x, cy: y, r: size, ...look});
  if (kind === "square") return svg("rect", {x: x - size, y: y - size, width: 2 * size, height: 2 * size, ...look});
  return svg("polygon", {points: STAR.map(([u, v]) => `${x + size * u},${y + size * v}`).join(" "), ...look});
}

function entry(label, meaning, {dash = "", mark = "", line = true}) {
  const wide = line ? 34 : 18;
  const sample = svg("svg", {viewBox: `0 0 ${wide} 16`, width: wide, class: "sample", "aria-hidden": "true"});
  if (line) sample.append(svg("path", {d: "M1,8H33", class: "curve-line", "stroke-dasharray": dash, "data-meaning": meaning}));
  if (mark) sample.append(symbol(mark, [wide / 2, 8], meaning, mark === "star" ? 8 : 5));
  return make("span", {className: "entry"}, sample, label);
}
