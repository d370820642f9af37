// The loss of a small model that sees two pixels, and one step on it: tutlib.lessons.panels.geometry.

/** The border between the two classes is a wave; the true class lies below it. */
export function loss([x, y]) {
  const border = 0.55 + 0.16 * Math.sin(7 * x) - 0.1 * x;
  return softplus(14 * (y - border) * (0.6 + 0.5 * Math.cos(3 * x)));
}

const softplus = v => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

/** The slope of `loss`, by hand. */
export function slope([x, y]) {
  const above = y - (0.55 + 0.16 * Math.sin(7 * x) - 0.1 * x), steep = 0.6 + 0.5 * Math.cos(3 * x);
  const chance = 1 / (1 + Math.exp(-14 * above * steep));  // the derivative of softplus
  const dx = (-1.12 * Math.cos(7 * x) + 0.1) * steep - 1.5 * Math.sin(3 * x) * above;
  return [14 * chance * dx, 14 * chance * steep];
}

const clamp = v => Math.max(0, Math.min(1, v));

const BALLS = {
  Linf: {steepest: ([a, b]) => [Math.sign(a), Math.sign(b)], norm: (a, b) => Math.max(Math.abs(a), Math.abs(b))},
  L2: {
    steepest([a, b]) {
      const length = Math.hypot(a, b) || 1;
      return [a / length, b / length];
    },
    norm: Math.hypot,
  },
};

/** The worst point of the ball around `point`, clipped to [0, 1], by looking at count x count places. */
export function worstInBall(point, norm, eps, count = 121) {
  let worst = point, highest = -Infinity;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const dx = eps * (2 * j / (count - 1) - 1), dy = eps * (2 * i / (count - 1) - 1);
      if (BALLS[norm].norm(dx, dy) > eps * (1 + 1e-6)) continue;
      const place = [clamp(point[0] + dx), clamp(point[1] + dy)], height = loss(place);
      if (height > highest) { worst = place; highest = height; }
    }
  }
  return {worst, highest};
}

/** Gradient, steepest step, what it promised, what it reached, and the true worst case. */
export function oneStep(point, norm, eps) {
  const gradient = slope(point), way = BALLS[norm].steepest(gradient), here = loss(point);
  const edge = point.map((v, i) => clamp(v + eps * way[i])), step = edge.map((v, i) => v - point[i]);
  const profile = Array.from({length: 41}, (_, k) => loss(point.map((v, i) => v + k / 40 * step[i])));
  const {worst, highest} = worstInBall(point, norm, eps), reached = profile[40];
  const promised = here + gradient[0] * step[0] + gradient[1] * step[1];
  return {point, norm, eps, gradient, edge, profile, loss: here, promised, reached, worst, highest: Math.max(highest, reached)};
}
