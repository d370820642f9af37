// The sums, beside the page, so that it never freezes. One job at a time, and the newest one wins.
import {pgd} from "./attack.js";
import {fit} from "./lanczos.js";
import {worldNet} from "./net.js";
import {SIDE, argmax, crossEntropySlope, softmax} from "./numbers.js";
import {readSafetensors} from "./safetensors.js";

const nets = {};
let newest = 0, stopped = 0;

const turn = new MessageChannel();  // lets waiting messages in between two steps (setTimeout takes 4 ms)
const nextTurn = () => new Promise(go => { turn.port1.onmessage = go; turn.port2.postMessage(0); });

/** A net, by name: {name, weights (ArrayBuffer), contrast, kernels (bytes), plain (no WebAssembly)}. */
function load({name, weights, contrast, kernels, plain}) {
  const tensors = readSafetensors(weights);
  try {
    nets[name] = worldNet(plain ? null : kernels, tensors, contrast);
  } catch {  // no WebAssembly, no SIMD, or forbidden here: the same in plain JavaScript
    nets[name] = worldNet(null, tensors, contrast);
  }
  self.postMessage({loaded: name, engine: nets[name].engine});
}

/**
 * The same attack on one net or more, step by step side by side.
 *
 * Told now and then: {job, t, steps, over, stopped, found}, for each net {point, first, chances, path,
 * gradient}: the picture after t steps, the chances of all classes before and now, those after every
 * step so far, and (where `slopes` asks for it) the slopes of the loss at the start.
 */
async function attack({job, names, picture, eps, size, steps, goal, slopes}) {
  const x = Float32Array.from(picture, v => v / 255), last = eps > 0 ? steps : 0;
  const runs = names.map(name => ({
    gradient: slopes ? slopeAt(nets[name], x) : null,
    climb: pgd(nets[name], x, {eps, size, steps: last, goal}), path: [],
  }));
  for (let t = 0; t <= last; t++) {
    for (const run of runs) {
      const {point, logits} = run.climb.next().value;
      run.point = point;
      run.path.push(softmax(logits));
    }
    const over = t === last || stopped === job;
    if (over || t < 9 || t % 4 === 0) tell({job, t, steps, over, stopped: t < last && over}, runs);
    if (over) return;
    await nextTurn();
    if (newest !== job) return;
  }
}

/** The slope of the loss of the net's own answer over every pixel. */
function slopeAt(net, x) {
  const logits = net.forward(x);
  return net.backward(crossEntropySlope(logits, argmax(logits))).slice();
}

function tell(where, runs) {
  const found = runs.map(({point, path, gradient}) =>
    ({point: point.slice(), first: path[0], chances: path.at(-1), path, gradient}));
  self.postMessage({...where, found}, found.map(({point}) => point.buffer));
}

self.onmessage = async ({data}) => {
  try {
    if (data.weights) return load(data);
    if (data.stop) { stopped = data.stop; return; }
    newest = data.job;
    if (data.photo) {
      const {rgba, width, height} = data.photo;
      return self.postMessage({job: data.job, picture: fit(rgba, width, height, SIDE)});
    }
    await attack(data);
  } catch (error) {
    self.postMessage({job: data.job, error: error.message ?? String(error)});
  }
};
