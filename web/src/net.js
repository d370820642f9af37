// tutlib.nets.world_net: from a picture (3 planes of 224 x 224 floats in [0, 1]) to ten logits.
import {Engine} from "./engine.js";
import {LocalContrast, Normalize} from "./first_layers.js";
import {Chain, Conv, Fork, Head, Pack, Relu} from "./layers.js";
import {SIDE} from "./numbers.js";

/**
 * The net with these weights (see safetensors.js); `contrast` as in tutlib.
 * `net.forward(x)` gives logits; `net.backward(slopes)` right after it the slope of every pixel, in an
 * array that the next call overwrites.
 */
export function worldNet(wasm, weights, contrast) {
  const engine = new Engine(wasm);
  const norm = name => Object.fromEntries(["weight", "bias", "running_mean", "running_var"]
    .map(part => [part, weights[`${name}.${part}`].data]));
  const conv = (name, normName, side, stride) =>
    new Conv(engine, weights[`${name}.weight`], norm(normName), side, stride);
  const block = (at, side, stride) => {
    const one = conv(`${at}.conv1`, `${at}.norm1`, side, stride);
    const two = conv(`${at}.conv2`, `${at}.norm2`, one.to, 1);
    const short = stride > 1 ? conv(`${at}.short_cut.0`, `${at}.short_cut.1`, side, stride) : null;
    return new Chain(new Fork(new Chain(one, new Relu(), two), short), new Relu());
  };
  const net = new Chain(
    contrast ? new LocalContrast(SIDE) : new Normalize(), new Pack(engine, 3, SIDE),
    conv("1", "2", SIDE, 4), new Relu(),
    block(4, 56, 1), block(5, 56, 2), block(6, 28, 2), block(7, 14, 2),
    new Head(engine, weights["10.weight"], weights["10.bias"], 7),
  );
  net.engine = engine.name;
  return net;
}
