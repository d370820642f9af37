// Pictures on canvases, framed in the colour of what they mean, and a net's answers as bars.
import {make, percent} from "./dom.js";
import {SIDE} from "./numbers.js";

const PIXELS = SIDE * SIDE;

/** A framed picture with a title: {node, below, paint(value, meaning, alt)}. */
export function picture(title) {
  const canvas = make("canvas", {width: SIDE, height: SIDE, role: "img"});
  const name = make("div", {className: "title"}, title), below = make("div", {className: "below"});
  const node = make("div", {className: "picture"}, name, canvas, below);
  return {
    node, below,
    /** `value(i)`: what pixel i of the planes is, in [0, 1] (what is beyond is cut off). */
    paint(value, meaning, alt) {
      const image = new ImageData(SIDE, SIDE), {data} = image;
      for (let p = 0; p < PIXELS; p++) {
        for (let c = 0; c < 3; c++) data[4 * p + c] = Math.round(255 * value(c * PIXELS + p));  // clamped
        data[4 * p + 3] = 255;
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
      canvas.setAttribute("aria-label", alt);
      node.dataset.meaning = meaning;
    },
  };
}

/** The surest answers, each with its bar. `marks`: {class number: meaning}. */
export function answers(place, chances, labels, marks = {}, most = 5) {
  const order = [...chances.keys()].sort((a, b) => chances[b] - chances[a]).slice(0, most);
  place.replaceChildren(...order.map(k => {
    const bar = make("i");
    bar.style.width = `${100 * chances[k]}%`;
    const line = make("div", {className: "answer"}, make("span", {}, labels[k]), make("span", {}, percent(chances[k])), make("b", {}, bar));
    if (k in marks) line.dataset.meaning = marks[k];
    return line;
  }));
}

export const inWords = (labels, k, chances) => `${labels[k]} (${percent(chances[k])})`;
