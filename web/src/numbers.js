// From logits to chances, and the slope of the loss; what the page and the worker both need.

/** The side of the pictures that the course's nets see, in pixels. */
export const SIDE = 224;

export function softmax(logits) {
  const top = Math.max(...logits), e = logits.map(z => Math.exp(z - top));
  const sum = e.reduce((a, b) => a + b);
  return e.map(v => v / sum);
}

export const argmax = values => values.indexOf(Math.max(...values));

/** The slope of the cross-entropy of class `label` over the logits. */
export function crossEntropySlope(logits, label) {
  const slope = softmax(logits);
  // p - 1 would be 0 for a net that is sure; the sum of all the others still knows how sure.
  slope[label] = -slope.reduce((sum, p, k) => k === label ? sum : sum + p, 0);
  return slope;
}
