// What a reader can move: native sliders and drop-downs, as in the course's frozen panels.
import {make} from "./dom.js";

const KEPT = "It stays on your computer.";
let count = 0;

function row(config, input, shown = "") {
  input.id = `control-${count++}`;
  const name = make("label", {className: "name", htmlFor: input.id, title: config.help}, config.label);
  return make("div", {className: "row"}, name, shown, input);
}

/** {node, value, at}: stops in a row. `config`: {label, help, values, texts, at}. */
export function slider(config, moved) {
  const {values, texts} = config, shown = make("output");
  const input = make("input", {type: "range", min: 0, max: values.length - 1, step: 1, value: config.at});
  const show = () => { shown.value = texts[input.value]; input.setAttribute("aria-valuetext", shown.value); };
  input.addEventListener("input", () => { show(); moved(); });
  show();
  return {node: row(config, input, shown), get value() { return values[input.value]; }};
}

/** {node, value, offer(values, texts)}: a drop-down, whose options may change. */
export function choice(config, moved) {
  const select = make("select");
  let known = [];
  const offer = (values, texts = values) => {
    const kept = known[select.value];
    known = values;
    select.replaceChildren(...texts.map((text, i) => make("option", {value: i}, text)));
    select.value = Math.max(0, values.indexOf(kept));
  };
  offer(config.values, config.texts);
  select.value = config.at;
  select.addEventListener("change", () => moved());
  return {node: row(config, select), offer, get value() { return known[select.value]; }};
}

/** A photo of the reader's own: a button, a place to drop it, and the way back. */
export function upload(config, {take, back}) {
  const file = make("input", {type: "file", accept: "image/*", hidden: true});
  const choose = make("button", {type: "button", title: config.help}, "A photo of yours \u2026");
  const away = make("button", {type: "button", hidden: true}, config.back);
  const note = make("span", {className: "note", role: "status"}, KEPT);
  const forget = () => { away.hidden = true; note.textContent = KEPT; };
  const taken = async chosen => {
    if (!chosen) return;
    try {
      await take(chosen);
      away.hidden = false;
      note.textContent = chosen.name;
    } catch (error) {
      note.textContent = error.message;
    }
  };
  choose.addEventListener("click", () => file.click());
  file.addEventListener("change", () => { taken(file.files[0]); file.value = ""; });
  away.addEventListener("click", () => {
    forget();
    choose.focus();
    back();
  });
  const node = make("div", {className: "photo"}, choose, away, note, file);
  return {node, forget, drop: event => { event.preventDefault(); taken(event.dataTransfer.files[0]); }};
}
