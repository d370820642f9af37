(function () {
  "use strict";
  const data = PANEL_DATA;
  // The first panel of this content that no script has taken yet: the same panel may stand twice.
  const host = document.querySelector('[data-tutlib-panel="' + "PANEL-NAME" + '"]:not([data-ready])');
  if (!host || !host.attachShadow) return;
  host.setAttribute("data-ready", "");
  host.setAttribute("data-lm-suppress-shortcuts", "true");  // in JupyterLab arrow keys are ours here
  const root = host.attachShadow({ mode: "open" });

  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== "" && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== ""));
    return node;
  }

  const words = data.words;
  let now = data.frames[data.first];
  const picture = make("img", {});
  const spoken = make("span", { class: "quiet", role: "status", "aria-live": "polite" });

  let clock = null;
  let run = null;

  // A reader's hand on anything ends a slider that runs by itself.
  function pause() {
    clearInterval(clock);
    clock = null;
    if (run) run.textContent = "Play";
  }

  function play(k, button) {
    const last = data.controls[k].texts.length - 1;
    run = button;
    run.textContent = "Pause";
    if (now.at[k] === last) move(k, 0);
    clock = setInterval(() => {
      move(k, now.at[k] + 1);
      if (now.at[k] === last) pause();
    }, 700);
  }

  // Not every combination need be frozen: keep the moved control, and as much of the others as can be.
  function move(which, index) {
    const wanted = now.at.map((at, k) => (k === which ? index : at));
    const misses = (frame) =>
      frame.at.reduce((sum, at, k) => sum + (at === wanted[k] ? 0 : k === which ? 1000 : 1), 0);
    show(data.frames.reduce((best, frame) => (misses(frame) < misses(best) ? frame : best)));
  }

  function show(frame) {
    now = frame;
    picture.src = frame.src;
    picture.alt = frame.alt;
    picture.width = frame.width;
    picture.height = frame.height;
    spoken.textContent = frame.alt;
    controls.forEach((control, k) => control.follow(frame.at[k]));
  }

  function slider(control, k) {
    const input = make("input", { type: "range", min: "0", max: control.texts.length - 1, step: "1",
      "aria-label": control.label, oninput: () => { pause(); move(k, Number(input.value)); } });
    const output = make("output", {});
    const follow = (i) => {
      input.value = i;
      input.setAttribute("aria-valuetext", control.texts[i]);
      output.textContent = control.texts[i];
    };
    const name = make("span", { class: "name" }, control.label);
    const row = make("label", { class: "row", title: control.help }, name, output, input);
    if (!control.play) return { node: row, follow };
    const button = make("button", { type: "button", class: "run",
      onclick: () => { if (clock) pause(); else play(k, button); } }, "Play");
    return { node: make("div", {}, row, button), follow };
  }

  function choice(control, k) {
    const options = control.texts.map((text, i) => make("option", { value: String(i) }, text));
    const select = make("select", { "aria-label": control.label, onchange: () => { pause(); move(k, Number(select.value)); } }, ...options);
    const name = make("span", { class: "name" }, control.label);
    return { node: make("label", { class: "row", title: control.help }, name, select),
      follow: (i) => { select.value = String(i); } };
  }

  function toggle(control, k) {
    const input = make("input", { type: "checkbox", onchange: () => { pause(); move(k, input.checked ? 1 : 0); } });
    return { node: make("label", { class: "tick", title: control.help }, input, control.label),
      follow: (i) => { input.checked = i === 1; } };
  }

  function pad(control, k) {
    const points = control.points;
    const place = (node, [x, y]) => { node.style.left = 100 * x + "%"; node.style.top = 100 * (1 - y) + "%"; };
    const knob = make("b", {});
    const output = make("output", {});
    const spots = points.map((point) => { const spot = make("i", {}); place(spot, point); return spot; });
    let at = 0;
    const nearest = (cost) => {
      const costs = points.map(cost);
      const best = costs.indexOf(Math.min(...costs));
      if (costs[best] < Infinity) { pause(); move(k, best); }
    };
    const follow = (event) => {
      if (form.disabled || (event.type === "pointermove" && !event.buttons)) return;
      const box = surface.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width;
      const y = 1 - (event.clientY - box.top) / box.height;
      nearest(([px, py]) => (px - x) ** 2 + (py - y) ** 2);
    };
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const press = (event) => {
      const step = steps[event.key];
      if (!step || form.disabled) return;
      event.preventDefault();
      const [x, y] = points[at];
      // The nearest point on that side; straying sideways costs more than going far.
      nearest(([px, py]) => {
        const along = (px - x) * step[0] + (py - y) * step[1];
        const aside = Math.abs((px - x) * step[1]) + Math.abs((py - y) * step[0]);
        return along > 1e-9 ? along + 3 * aside : Infinity;
      });
    };
    const surface = make("div", { class: "pad", tabindex: "0", role: "slider", "aria-label": control.label,
      "aria-roledescription": "point to drag", onkeydown: press, onpointermove: follow,
      onpointerdown: (event) => { surface.setPointerCapture(event.pointerId); follow(event); },
    }, ...spots, knob);
    if (control.background) surface.style.backgroundImage = "url(" + control.background + ")";
    return {
      node: make("div", { class: "holds-pad", title: control.help }, make("div", { class: "row" },
        make("span", { class: "name" }, control.label), output), surface),
      follow: (i) => {
        at = i;
        place(knob, points[i]);
        output.textContent = control.texts[i];
        surface.setAttribute("aria-valuenow", i);
        surface.setAttribute("aria-valuetext", control.texts[i]);
      },
    };
  }

  const makers = { slider, choice, toggle, pad, text: choice };
  const controls = data.controls.map((control, k) => makers[control.kind](control, k));
  const form = make("fieldset", { "aria-label": words.title || "controls" }, ...controls.map((control) => control.node));
  const caption = words.caption ? make("figcaption", {}, words.caption) : null;
  // On a phone a wide picture fits the screen and its words are small: then the reader may enlarge it.
  const view = make("div", { class: "view" }, picture);
  const larger = make("button", { type: "button", class: "larger", "aria-pressed": "false", onclick: () => {
    const large = figure.classList.toggle("large");
    larger.setAttribute("aria-pressed", String(large));
    if (large) view.setAttribute("tabindex", "0"); else view.removeAttribute("tabindex");
  } }, "Larger picture");
  const figure = make("figure", {}, view, larger, caption || "");
  const cover = make("div", { class: "hidden-figure" }, "The picture waits for your guess.");
  const answer = make("p", { role: "status", hidden: true });
  const guess = make("div", { class: "guess", role: "group", "aria-label": "Your guess" });

  // What was guessed with makes room for the picture, and hands the keys on to the first control.
  function open(said) {
    form.disabled = false;
    figure.hidden = false;
    cover.hidden = true;
    answer.textContent = [said ? "You said: " + said + "." : "", words.reveal].filter(Boolean).join(" ");
    answer.hidden = !answer.textContent;
    guess.hidden = true;
    const first = form.querySelector("input, select, .pad");
    if (first) first.focus({ preventScroll: true });
  }

  const ask = make("button", { type: "button", class: "show",
    onclick: () => { const typed = guess.querySelector("input"); open(typed ? typed.value.trim() : ""); } }, "Show me");
  for (const text of words.answers) {
    guess.append(make("button", { type: "button", onclick: () => open(text) }, text));
  }
  if (!words.answers.length) {
    guess.append(make("input", { type: "text", "aria-label": "Your guess", placeholder: "Your guess",
      onkeydown: (event) => { if (event.key === "Enter") open(event.target.value.trim()); } }));
  }
  guess.append(ask);

  const gate = words.question ? [make("p", { class: "question" }, words.question), guess, answer] : [];
  if (words.question) { form.disabled = true; figure.hidden = true; }
  const width = Math.max(480, ...data.frames.map((frame) => frame.width));
  const title = words.title ? make("h3", {}, words.title) : "";
  root.append(make("style", {}, data.style), make("section", { class: "panel", "aria-label": words.title || "panel", style: "max-width:" + width + "px" },
    title, ...gate, form, ...(words.question ? [cover] : []), figure, make("p", { class: "more" }, data.more), spoken));
  show(now);
  spoken.textContent = "";

  // Stored beside live widgets: hidden while these are there, and in their place once they are not.
  if (data.live) {
    const area = host.closest(".jp-OutputArea") || document.body;
    const look = () => {
      host.hidden = area.querySelector("." + data.live) !== null;
      if (host.hidden) return;
      for (const output of area.querySelectorAll(".jp-OutputArea-child")) {
        const dead = !output.contains(host) && output.textContent.includes("Error displaying widget");
        if (dead) output.style.display = "none";
      }
    };
    host.hidden = true;
    setTimeout(() => { look(); new MutationObserver(look).observe(area, { childList: true, subtree: true }); }, 700);
  }
})();
