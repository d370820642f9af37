// The target picker of lesson 2.1: where would you like to fly?
import {make} from "./dom.js";
import {goals} from "./explorer.js";
import {netPanel} from "./net_panel.js";
import {argmax} from "./numbers.js";
import {inWords, picture as framed} from "./pictures.js";
import {plot} from "./plot.js";

const AMPLIFY = 50;

export function picker(host, config, kit) {
  const seen = framed("the net sees"), change = framed(`the change, × ${AMPLIFY}`);
  const curve = make("div", {className: "curve"});
  return netPanel(host, config, kit, {
    names: ["standard"],
    figure: make("div", {className: "trio flight"}, seen.node, change.node, curve),
    job: (values, labels) => ({
      eps: values.eps / 255, size: values.eps / 255 / 8, steps: values.steps, goal: labels.indexOf(values.target),
    }),
    offer: goals(config, "target"),
    show({t, steps, found: [{point, first, chances, path}]}, {picture, values, labels}) {
      const start = argmax(first), end = argmax(chances), goal = labels.indexOf(values.target);
      const says = inWords(labels, end, chances);
      const meaning = end === goal ? "target" : end === start ? "neutral" : "adversarial";
      seen.paint(i => point[i], meaning, `The changed picture: the net says ${says}.`);
      seen.below.replaceChildren(make("p", {className: "largest"}, `the net says: ${says}`));
      change.paint(i => 0.5 + AMPLIFY * (point[i] - picture[i] / 255), "perturbation", "The change, grey where there is none.");
      curve.replaceChildren(flight(path, {start, goal, steps, labels}));
      return [`After ${t} steps the net says: ${says}.`, `${labels[start]} > ${labels[end]}`];
    },
  });
}

/** How sure the net is of the start and of the target, after each step. */
function flight(path, {start, goal, steps, labels}) {
  const last = Math.max(steps, 8), axes = plot({
    title: "how sure", x: [-0.02 * last, 1.04 * last], y: [-0.03, 1.03], ratio: 0.95, xLabel: "step",
    xTicks: [0, last / 4, last / 2, 3 * last / 4, last].map(v => [v, String(v)]),
    yTicks: [0, 0.5, 1].map(v => [v, `${100 * v} %`]),
  });
  const way = k => path.map((chances, t) => [t, chances[k]]), marks = path.length <= 34;
  axes.line(way(start), {meaning: "clean", mark: marks ? "circle" : "", label: labels[start]});
  axes.line(way(goal), {meaning: "target", dash: "6 4", mark: marks ? "square" : "", label: labels[goal]});
  const now = path.at(-1);
  return axes.done(`How sure, after ${path.length - 1} steps: ${inWords(labels, start, now)}, ${inWords(labels, goal, now)}.`);
}
