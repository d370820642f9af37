// Pillow's ImageOps.fit with Image.LANCZOS: cut the middle square, and resize it, across and then
// down, to the last bit as Pillow does it in that order (since version 13 it sometimes takes the other).

const LOBES = 3, ONE = 2 ** 22;  // Pillow's weights are whole numbers of 1 / 2^22

/** RGBA bytes (width x height) to three planes of to x to bytes. */
export function fit(rgba, width, height, to) {
  const side = Math.min(width, height);
  const columns = taps(width, (width - side) / 2, side, to), rows = taps(height, (height - side) / 2, side, to);
  const across = new Uint8ClampedArray(height * to), down = new Uint8ClampedArray(3 * to * to);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      columns.forEach((tap, x) => { across[y * to + x] = mix(rgba, tap, 4 * y * width + c, 4); });
    }
    rows.forEach((tap, y) => {
      for (let x = 0; x < to; x++) down[(c * to + y) * to + x] = mix(across, tap, x, to);
    });
  }
  return down;
}

/** One pixel: the weighted sum of those under its tap, which lie `stride` apart. */
function mix(bytes, {first, weights}, start, stride) {
  let sum = ONE / 2;
  for (let k = 0, at = start + first * stride; k < weights.length; k++, at += stride) sum += weights[k] * bytes[at];
  return Math.floor(sum / ONE);
}

/** For each of `to` pixels across [start, start + length): the first pixel it reads, and the weights. */
function taps(size, start, length, to) {
  const scale = length / to, wide = Math.max(1, scale), reach = LOBES * wide;
  return Array.from({length: to}, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5)), end = Math.min(size, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({length: end - first}, (_, k) => lanczos((first + k - centre + 0.5) / wide));
    const sum = raw.reduce((a, b) => a + b);
    return {first, weights: raw.map(w => rounded(w / sum * ONE))};
  });
}

const rounded = v => Math.trunc(v < 0 ? v - 0.5 : v + 0.5);
const sinc = v => v === 0 ? 1 : Math.sin(v * Math.PI) / (v * Math.PI);
const lanczos = v => v >= -LOBES && v < LOBES ? sinc(v) * sinc(v / LOBES) : 0;
