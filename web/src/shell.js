// What is around the figure of every live panel: title, question and guess, controls, progress, words.
import {choice, slider, upload} from "./controls.js";
import {make} from "./dom.js";

const MAKERS = {slider, choice};

/**
 * The panel of `config` (made by tools/live.py from the Python panel) in a shadow root of `host`.
 *
 * `figure`: a node; `moved(name)`: called when a control was; `photo`: {take(file), back()} where the panel
 * has an upload. Gives {controls, values, progress, says, fail, ask, forget (the photo)}.
 */
export function shell(host, config, style, {figure, moved, photo = null, stop = null}) {
  const {words} = config, root = host.attachShadow({mode: "open"});
  const controls = {}, form = make("fieldset", {"aria-label": words.title});
  for (const control of config.controls.filter(({kind}) => kind in MAKERS)) {
    controls[control.name] = MAKERS[control.kind](control, () => moved(control.name));
    form.append(controls[control.name].node);
  }
  const box = config.controls.find(({kind}) => kind === "upload");
  const own = box && photo ? upload(box, photo) : null;
  const run = running(stop);
  const cover = make("div", {className: "hidden-figure"}, "The picture waits for your guess.");
  const shown = make("figure", {}, figure, run.node, make("figcaption", {}, words.caption));
  const gate = guessing(words, {form, own, cover, shown});
  const panel = make("section", {className: "panel", "aria-label": words.title},
    make("h3", {}, words.title), ...gate.nodes, form, own?.node ?? "", cover, shown);
  // Keys that move a control must not turn the page of the book around it.
  panel.addEventListener("keydown", event => event.stopPropagation());
  if (own) {
    panel.addEventListener("dragover", event => event.preventDefault());
    panel.addEventListener("drop", own.drop);
  }
  root.append(make("style", {}, style), panel);
  return {
    controls, ...run, ask: gate.ask, forget: () => own?.forget(), question: box?.question ?? "",
    get values() { return Object.fromEntries(Object.entries(controls).map(([name, c]) => [name, c.value])); },
  };
}

/** A bar, a Stop button, what is going on, and (read aloud) what came of it. */
function running(stop) {
  const bar = make("progress", {max: 1, value: 0, "aria-label": "gradient steps done"});
  const button = make("button", {type: "button", disabled: true}, "Stop");
  const now = make("span", {className: "now"}), said = make("p", {className: "status", role: "status", tabIndex: -1});
  button.addEventListener("click", () => stop());
  bar.hidden = button.hidden = !stop;
  const rest = () => {
    const held = button.matches(":focus");
    button.disabled = true;
    if (held) said.focus({preventScroll: true});  // the keys are not lost with the button
  };
  return {
    node: make("div", {className: "run"}, bar, button, now, said),
    progress(share, words, endless = false) {
      bar.value = share;
      now.textContent = words;
      said.textContent = "";
      button.disabled = endless;
    },
    says(words, share = 1) { bar.value = share; now.textContent = ""; said.textContent = words; rest(); },
    fail(words) { said.textContent = words; rest(); },
  };
}

/** The question first; the picture hides until the reader has guessed, and again for a new question. */
function guessing(words, {form, own, cover, shown}) {
  const asked = make("p", {className: "question"}), answer = make("p", {role: "status"});
  const guess = make("div", {className: "guess", role: "group", "aria-label": "Your guess"});
  const open = said => {
    form.disabled = false;
    shown.hidden = false;
    cover.hidden = guess.hidden = true;
    answer.textContent = [said ? `You said: ${said}.` : "", words.reveal].filter(Boolean).join(" ");
    form.querySelector("input, select")?.focus({preventScroll: true});
  };
  const ask = (question, focus = true) => {
    asked.textContent = question;
    answer.textContent = "";
    form.disabled = shown.hidden = true;
    cover.hidden = guess.hidden = false;
    if (focus) guess.querySelector("button").focus({preventScroll: true});
  };
  for (const text of words.answers) guess.append(make("button", {type: "button", onclick: () => open(text)}, text));
  guess.append(make("button", {type: "button", className: "show", onclick: () => open("")}, "Show me"));
  ask(words.question, false);
  return {nodes: [asked, guess, answer], ask};
}
