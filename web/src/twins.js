// The same attack on two nets that differ in one line of their training (chapter 4).
import {make} from "./dom.js";
import {netPanel} from "./net_panel.js";
import {argmax} from "./numbers.js";
import {answers, inWords, picture as framed} from "./pictures.js";

const NAMES = ["plain", "robust"];

export function twins(host, config, kit) {
  const sides = NAMES.map(name => {
    const slope = framed("its gradient"), after = framed("picture + change");
    const node = make("div", {className: "twin", role: "group", "aria-label": `the ${name} net`},
      make("h4", {}, `The ${name} net`), make("div", {className: "pair"}, after.node, slope.node));
    const bars = make("div", {className: "below"});
    node.append(bars);
    return {name, node, slope, after, bars};
  });
  return netPanel(host, config, kit, {
    names: NAMES,
    figure: make("div", {className: "twins"}, ...sides.map(({node}) => node)),
    job: values => ({eps: values.eps / 255, size: values.eps / 255 / 4, steps: values.steps, goal: null, slopes: true}),
    show({found}, {labels}) {
      const said = found.map(({point, first, chances, gradient}, k) => {
        const {name, slope, after, bars} = sides[k], start = argmax(first), end = argmax(chances);
        const says = inWords(labels, end, chances), scale = 6 * deviation(gradient);
        after.paint(i => point[i], end === start ? "neutral" : "adversarial", `The changed picture: the ${name} net says ${says}.`);
        slope.paint(i => 0.5 + gradient[i] / scale, "neutral", `The gradient of the loss over the pixels of the picture, for the ${name} net.`);
        answers(bars, chances, labels, {[start]: "clean", ...(end === start ? {} : {[end]: "adversarial"})}, 3);
        return [`The ${name} net says: ${says}.`, `${labels[start]} > ${labels[end]}`];
      });
      return [said.map(([words]) => words).join(" "), said.map(([, short]) => short).join(" | ")];
    },
  });
}

/** The standard deviation of the slopes; 1 where all are the same. */
function deviation(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) || 1;
}
