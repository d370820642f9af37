// The Pig explorer of lesson 1.1: how little does it take?
import {make} from "./dom.js";
import {netPanel} from "./net_panel.js";
import {argmax} from "./numbers.js";
import {answers, inWords, picture as framed} from "./pictures.js";

const AMPLIFY = 50;
export const AWAY = "anywhere else";

export function explorer(host, config, kit) {
  const before = framed("the picture"), change = framed(`the change, × ${AMPLIFY}`), after = framed("picture + change");
  const largest = make("p", {className: "largest"});
  change.below.append(largest);
  return netPanel(host, config, kit, {
    names: ["standard"],
    figure: make("div", {className: "trio"}, before.node, change.node, after.node),
    job: (values, labels) => ({
      eps: values.eps / 255, size: values["step size"] * values.eps / 255, steps: values.steps,
      goal: values.goal === AWAY ? null : labels.indexOf(values.goal),
    }),
    offer: goals(config, "goal"),
    show({found: [{point, first, chances}]}, {picture, values, labels}) {
      const start = argmax(first), end = argmax(chances), goal = labels.indexOf(values.goal);
      const delta = i => point[i] - picture[i] / 255;
      let most = 0;
      for (let i = 0; i < point.length; i++) most = Math.max(most, Math.abs(delta(i)));
      const says = inWords(labels, end, chances), marks = {[start]: "clean"};
      if (goal >= 0) marks[goal] = "target";
      else if (end !== start) marks[end] = "adversarial";
      before.paint(i => picture[i] / 255, "clean", `The picture: the net says ${inWords(labels, start, first)}.`);
      change.paint(i => 0.5 + AMPLIFY * delta(i), "perturbation", "The change, grey where there is none.");
      after.paint(i => point[i], end === start ? "neutral" : "adversarial", `The changed picture: the net says ${says}.`);
      answers(before.below, first, labels, {[start]: "clean"});
      answers(after.below, chances, labels, marks);
      largest.textContent = `largest change of any pixel: ${(255 * most).toFixed(2)} of 255`;
      return [`The net says: ${says}.`, `${labels[start]} > ${labels[end]}`];
    },
  });
}

/** Goals are what the net does not say already: told anew when a photo gives another first answer. */
export function goals(config, name) {
  const offered = config.controls.find(control => control.name === name).values;
  let known = -1;
  return (controls, first) => {
    const start = argmax(first);
    if (start === known) return false;
    known = start;
    const chosen = controls[name].value;
    const others = config.labels.filter(label => !offered.includes(label));
    controls[name].offer([...offered, ...others].filter(label => label !== config.labels[start]));
    return controls[name].value !== chosen;
  };
}
