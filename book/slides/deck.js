// Lay a lesson's blocks out on slides of 1280 x 720 and start reveal.js.
//
// A block that does not fit where it stands begins the next slide. Code, prints and tables get the
// largest letters that fit, figures the height that is left.
(function () {
  "use strict";
  const WIDE = 1168, TALL = 720, FLOOR = 44;   // what is inside a frame; its bottom edge stays free
  const LETTERS = { code: [15, 22], printed: [15, 22], proved: [16, 24], table: [15, 24], list: [20, 28], text: [20, 28], predict: [20, 28] };
  const LEAST_FIGURE = 330, LARGER = 1.7;      // pixels of height; how much a figure may be enlarged
  const HALF = 0.5, SPARSE = 0.6, GROWN = 1.3; // of a slide's height; how much few words are enlarged
  const GOOD = 18;                             // letters smaller than this rather begin a new slide

  const stage = document.createElement("div");
  stage.style.cssText = "position:absolute;left:0;top:0;visibility:hidden";

  const kind = (block) => Object.keys(LETTERS).concat("figure", "panel", "head").find((name) => block.classList.contains(name)) || "text";
  const used = (frame) => frame.lastElementChild.getBoundingClientRect().bottom - frame.getBoundingClientRect().top;
  const fits = (frame, block) => used(frame) <= TALL - FLOOR && widest(block) <= WIDE + 1;

  function widest(block) {
    return Math.max(block.scrollWidth, ...[...block.querySelectorAll("pre, table, mjx-container")].map((part) =>
      part.tagName === "PRE" ? part.scrollWidth + 42 : part.scrollWidth));
  }

  function room(frame, block) {
    return TALL - FLOOR - (block.getBoundingClientRect().top - frame.getBoundingClientRect().top);
  }

  // Whether the block fits at the frame's end, after what its kind allows has been tried. `after` is
  // the block that follows; `fresh` says that the frame is a new one, where small letters will do.
  function settle(frame, block, after, fresh) {
    const name = kind(block);
    if (name === "figure") return settleFigure(frame, block, after);
    if (name === "panel") return settlePanel(frame, block);
    if (fits(frame, block)) return true;
    if (!LETTERS[name]) return false;
    const [smallest, most] = LETTERS[name];
    const least = fresh ? smallest : Math.max(smallest, GOOD);
    const target = block.querySelector("table") || block;
    for (let size = most - 1; size >= least; size -= 1) {
      target.style.fontSize = size + "px";
      if (fits(frame, block)) return true;
    }
    target.style.fontSize = "";
    return false;
  }

  // A figure takes the height that is left; a few ticks or prints behind it stay on its slide.
  function settleFigure(frame, block, after) {
    const image = block.querySelector("img");
    image.style.width = image.style.height = "0";
    let height = room(frame, block);
    if (after && /proved|printed/.test(kind(after))) {
      frame.append(after);
      const more = after.getBoundingClientRect().height + 18;
      after.remove();
      if (height - more >= LEAST_FIGURE) height -= more;
    }
    const scale = Math.min(WIDE / image.naturalWidth, height / image.naturalHeight, LARGER);
    const enough = Math.min(LEAST_FIGURE, image.naturalHeight * 0.9, WIDE / image.naturalWidth * image.naturalHeight * 0.9);
    if (scale * image.naturalHeight < enough) return false;
    image.style.width = scale * image.naturalWidth + "px";
    image.style.height = scale * image.naturalHeight + "px";
    return true;
  }

  // A panel on a slide: its words and controls at the left, its picture at the right.
  const BESIDE = `.panel { max-width: none !important; display: grid; grid-template-columns: 19rem minmax(0, 1fr);
      grid-auto-rows: min-content; gap: 0 2rem; margin: 0; container-type: normal; }
    .panel > * { grid-column: 1; } fieldset { grid-template-columns: minmax(0, 1fr); }
    figure, .hidden-figure { grid-column: 2 !important; grid-row: 1 / span 12; align-self: start; }
    figure img { max-height: var(--tall); width: auto; } .larger { display: none; } figcaption { font-size: .9rem; }`;

  function settlePanel(frame, block) {
    const host = block.querySelector("[data-tutlib-panel]");
    const root = host && host.shadowRoot;
    if (!root) return settleFilm(frame, block);
    if (!root.querySelector("[data-slides]")) {
      const style = document.createElement("style");
      style.dataset.slides = "";
      style.textContent = BESIDE;
      root.append(style);
    }
    const height = room(frame, block);
    if (height < 540) return false;
    // As tall as it will ever be: with its picture shown. As large as that allows.
    const figure = root.querySelector("figure"), cover = root.querySelector(".hidden-figure");
    const was = figure.hidden;
    figure.hidden = false;
    if (cover) cover.hidden = true;
    zoomed(block, host, height);
    // The answer after a guess may take more room than the question did.
    new ResizeObserver(() => { if (block.offsetHeight * Number(block.style.zoom) > height + 1) zoomed(block, host, height); }).observe(block);
    figure.hidden = was;
    if (cover) cover.hidden = !was;
    return true;
  }

  function zoomed(block, host, height) {
    for (let zoom = 1.5; zoom >= 0.4; zoom -= 0.05) {
      block.style.zoom = zoom;
      block.style.width = WIDE / zoom + "px";
      host.style.setProperty("--tall", (height - 90) / zoom + "px");
      if (block.offsetHeight * zoom <= height) break;
    }
  }

  // What moves by itself and is no panel: as large as fits.
  function settleFilm(frame, block) {
    const height = room(frame, block);
    if (height < LEAST_FIGURE) return false;
    for (let zoom = LARGER; zoom >= 0.25; zoom -= 0.05) {
      block.style.zoom = zoom;
      block.style.width = block.style.maxWidth = WIDE / zoom + "px";
      if (block.getBoundingClientRect().height <= height && widest(block) * zoom <= WIDE + 1) break;
    }
    return true;
  }

  let slides, frame, running = "";

  function open(vertical) {
    const section = document.createElement("section");
    frame = document.createElement("div");
    frame.className = "frame";
    section.append(frame);
    if (vertical && slides.lastElementChild) slides.lastElementChild.append(section);
    else {
      const stack = document.createElement("section");
      stack.append(section);
      slides.append(stack);
    }
    stage.replaceChildren(frame);
    section.frame = frame;
    if (vertical && running) {
      const words = document.createElement("div");
      words.className = "running";
      words.textContent = running;
      frame.append(words);
    }
    return section;
  }

  const holds = (selector) => frame.querySelector(":scope > " + selector) !== null;

  function place(section, block, after) {
    const name = kind(block);
    if (name === "head") {
      const small = block.tagName === "H3";
      if (holds(small ? ".block:not(h2)" : ".block")) section = close(section, small);
      running = block.textContent;
      const words = frame.querySelector(".running");
      if (words) words.remove();
    }
    if (block.tagName === "H1") frame.classList.add("title");
    frame.append(block);
    if (settle(frame, block, after, false)) return section;
    block.remove();
    // A heading alone is not left behind, and a guess stays with what leads to it where it can.
    if (holds(".block:not(.head)") || holds("h1")) section = close(section, true);
    frame.append(block);
    if (settle(frame, block, after, true)) return section;
    return split(section, block);
  }

  // Longer than a slide: its parts one after the other, and what has no parts is made smaller.
  function split(section, block) {
    const parts = [...block.querySelectorAll(":scope > p, :scope > ul > li, :scope > ol > li")];
    if (parts.length > 1) {
      block.remove();
      for (const part of parts) {
        const own = block.cloneNode(false);
        const list = part.parentElement.tagName.match(/[OU]L/) ? part.parentElement.cloneNode(false) : null;
        if (list) { list.append(part); own.append(list); } else own.append(part);
        section = place(section, own);
      }
      return section;
    }
    block.classList.add("wraps");  // lines longer than a slide is wide
    if (settle(frame, block, null, true)) return section;
    const wide = widest(block), tall = block.getBoundingClientRect().height;
    block.style.zoom = Math.min(1, WIDE / wide, room(frame, block) / tall) * 0.98;
    return section;
  }

  function close(section, vertical) {
    section.append(section.frame);
    return open(vertical);
  }

  function lay() {
    slides = document.querySelector(".slides");
    document.body.append(stage);
    let section = open(false);
    const cells = [...document.querySelectorAll("#cells > .cell")];
    const queue = cells.flatMap((cell) => [cell, ...cell.children]);
    queue.forEach((block, i) => {
      if (block.classList.contains("said")) return tell(section, block);
      if (block.classList.contains("cell")) {
        const full = holds(".block:not(.head)") && used(frame) > HALF * TALL;
        if (block.hasAttribute("data-begins") && full) section = close(section, true);
        return;
      }
      const after = queue.slice(i + 1).find((next) => next.classList.contains("block"));
      section = place(section, block, after);
      // What a run shows comes with the next key: first the guess.
      if (/printed|figure/.test(kind(block)) && holds(".code, .predict")) block.classList.add("fragment");
    });
    section.append(section.frame);
    for (const found of slides.querySelectorAll("section > .frame")) finish(found);
    for (const stack of [...slides.children]) if (!stack.children.length) stack.remove();
    document.getElementById("cells").remove();
    stage.remove();
  }

  // Few words are written large; a slide without any goes.
  function finish(found) {
    if (!found.querySelector(".block")) return found.parentElement.remove();
    if (found.querySelector("h1")) found.classList.add("middle");
    if (found.querySelector(".figure, .panel, h1")) return;
    stage.replaceChildren(found.cloneNode(true));
    const copy = stage.firstElementChild;
    const grow = (box) => box.querySelectorAll(":scope > .block:not(.head)").forEach((block) => {
      block.style.zoom = GROWN;
      if (block.matches(".code, .printed, .proved")) block.style.width = WIDE / GROWN + "px";
    });
    if (used(copy) > SPARSE * TALL) return;
    grow(copy);
    const blocks = [...copy.querySelectorAll(":scope > .block")];
    if (used(copy) <= TALL - FLOOR && blocks.every((block) => widest(block) * GROWN <= WIDE + 1)) grow(found);
  }

  function tell(section, notes) {
    const aside = section.querySelector(":scope > aside.notes") || document.createElement("aside");
    aside.className = "notes";
    aside.append(...notes.childNodes);
    section.append(aside);
  }

  // Arrow keys belong to a panel while the focus is in it.
  function outsidePanels(event) {
    const path = event.composedPath ? event.composedPath() : [];
    return !path.some((node) => node.matches && node.matches("input, select, textarea, button, .pad"));
  }

  window.addEventListener("load", async () => {
    await MathJax.startup.promise;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    await document.fonts.ready;
    lay();
    await Reveal.initialize({ width: 1280, height: TALL, margin: 0, center: false, hash: true, transition: "none",
      slideNumber: "c/t", keyboardCondition: outsidePanels, navigationMode: "linear", plugins: [RevealNotes] });
    document.documentElement.dataset.ready = "";
  });
})();
