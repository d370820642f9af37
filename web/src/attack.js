// The one loop of the course: picture <- project(picture + step(gradient)).
import {argmax, crossEntropySlope} from "./numbers.js";

const UNIT = 2 ** -23, round = Math.fround;  // float32: the last place of numbers from 1 to 2

/** Lowest and highest value of every pixel, in the L-inf ball and in [0, 1] (tutlib.balls.Linf). */
export function bounds(x, eps) {
  const largest = x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  // So much inside that rounding never leads out of the ball: it is kept to the last bit.
  const radius = round(Math.max(eps - UNIT * (largest + eps), eps * (1 - UNIT) / 2, 0));
  return {low: x.map(v => Math.max(0, v - radius)), high: x.map(v => Math.min(1, v + radius))};
}

/**
 * Projected gradient ascent from x, by signs: up on the cross-entropy of `label` (null: of what the
 * net says first), or down on that of `goal`.
 *
 * Yields {t, point, logits} for t = 0 ... steps: the picture after t steps and what the net says of
 * it. Nobody else may use the net in between; `point` is moved on, so keep a copy.
 */
export function* pgd(net, x, {eps, size, steps, label = null, goal = null}) {
  const {low, high} = bounds(x, eps), point = x.slice(), step = round(goal === null ? size : -size);
  for (let t = 0; ; t++) {
    const logits = net.forward(point);
    label ??= argmax(logits);
    yield {t, point, logits};
    if (t >= steps) return;
    const gradient = net.backward(crossEntropySlope(logits, goal ?? label));
    for (let i = 0; i < point.length; i++) {
      point[i] = Math.max(low[i], Math.min(high[i], point[i] + step * Math.sign(gradient[i])));
    }
  }
}
