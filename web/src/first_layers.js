// The first layers of the course's nets, on planes (3, side, side): tutlib.nets.Normalize, LocalContrast.

const MEAN = [0.485, 0.456, 0.406], STD = [0.229, 0.224, 0.225];  // ImageNet's

/** (x - mean) / std for each colour: the first layer of the plain and of the robust net. */
export class Normalize {
  forward(x) {
    const pixels = x.length / 3;
    return x.map((v, i) => (v - MEAN[Math.floor(i / pixels)]) / STD[Math.floor(i / pixels)]);
  }
  backward(slope) {
    const pixels = slope.length / 3;
    return slope.map((v, i) => v / STD[Math.floor(i / pixels)]);
  }
}

/** Averages over windows, and bilinear up again: the local mean of a plane; and its transpose. */
class Blur {
  constructor(side, window) {
    Object.assign(this, {side, window, small: side / window});
    // Half-pixel centres: every pixel mixes two averages in each direction.
    this.low = new Int32Array(side); this.high = new Int32Array(side); this.share = new Float64Array(side);
    for (let i = 0; i < side; i++) {
      const at = Math.max(0, (i + 0.5) / window - 0.5), low = Math.floor(at);
      this.low[i] = low; this.high[i] = Math.min(low + 1, this.small - 1); this.share[i] = at - low;
    }
    this.averages = new Float64Array(this.small ** 2);
    this.row = new Float64Array(this.small);
  }

  forward(plane, into) {
    const {side, small, low, high, share, averages, row} = this;
    this.average(plane);
    for (let i = 0, p = 0; i < side; i++) {
      const above = low[i] * small, below = high[i] * small, t = share[i];
      for (let j = 0; j < small; j++) row[j] = averages[above + j] + t * (averages[below + j] - averages[above + j]);
      for (let j = 0; j < side; j++, p++) into[p] = row[low[j]] + share[j] * (row[high[j]] - row[low[j]]);
    }
  }

  average(plane) {
    const {side, window, small, averages} = this;
    averages.fill(0);
    for (let i = 0, p = 0; i < side; i++) {
      for (let j = 0, at = Math.floor(i / window) * small; j < small; j++, at++) {
        let sum = 0;
        for (const end = p + window; p < end; p++) sum += plane[p];
        averages[at] += sum / window ** 2;
      }
    }
  }

  backward(plane, into) {
    const {side, window, small, low, high, share, averages, row} = this;
    averages.fill(0);
    for (let i = 0, p = 0; i < side; i++) {
      const above = low[i] * small, below = high[i] * small, t = share[i];
      row.fill(0);
      for (let j = 0; j < side; j++, p++) {
        const right = share[j] * plane[p];
        row[low[j]] += plane[p] - right; row[high[j]] += right;
      }
      for (let j = 0; j < small; j++) { averages[above + j] += (1 - t) * row[j]; averages[below + j] += t * row[j]; }
    }
    for (let i = 0, p = 0; i < side; i++) {
      for (let j = 0, at = Math.floor(i / window) * small; j < small; j++, at++) {
        for (const end = p + window, v = averages[at] / window ** 2; p < end; p++) into[p] = v;
      }
    }
  }
}

/** Subtract the local mean, divide by the local contrast: what makes the standard net fragile. */
export class LocalContrast {
  constructor(side, window = 8, floor = 4 / 255) {
    const pixels = side * side;
    Object.assign(this, {pixels, floor, blur: new Blur(side, window)});
    for (const plane of ["inverse", "power", "mean"]) this[plane] = new Float32Array(pixels);
    for (const planes of ["y", "out"]) this[planes] = new Float32Array(3 * pixels);
  }

  plane(x, c) { return x.subarray(c * this.pixels, (c + 1) * this.pixels); }

  /** y = x - blur(x), and out = y / sqrt(blur(mean of y^2 over the colours) + floor^2). */
  forward(x) {
    const {y, inverse, power, floor, pixels, out, blur} = this;
    power.fill(0);
    for (let c = 0; c < 3; c++) {
      const from = this.plane(x, c), to = this.plane(y, c);
      blur.forward(from, to);
      for (let p = 0; p < pixels; p++) {
        const v = from[p] - to[p];
        to[p] = v; power[p] += v * v / 3;
      }
    }
    blur.forward(power, inverse);
    for (let p = 0; p < pixels; p++) inverse[p] = 1 / Math.sqrt(inverse[p] + floor * floor);
    for (let c = 0, i = 0; c < 3; c++) for (let p = 0; p < pixels; p++, i++) out[i] = y[i] * inverse[p];
    return out;
  }

  backward(slope) {
    const {y, inverse, power, mean, pixels, out, blur} = this;
    for (let p = 0, q = pixels, s = 2 * pixels; p < pixels; p++, q++, s++) {
      const r = inverse[p];
      power[p] = -r * r * r / 3 * (slope[p] * y[p] + slope[q] * y[q] + slope[s] * y[s]);
    }
    blur.backward(power, power);
    for (let c = 0; c < 3; c++) {
      const to = this.plane(out, c), from = this.plane(slope, c), seen = this.plane(y, c);
      for (let p = 0; p < pixels; p++) to[p] = from[p] * inverse[p] + seen[p] * power[p];
      blur.backward(to, mean);
      for (let p = 0; p < pixels; p++) to[p] -= mean[p];
    }
    return out;
  }
}
