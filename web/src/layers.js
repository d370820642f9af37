// Layers with a forward and a backward pass, for one picture. The gradient goes to the input only:
// here the weights hold still and the picture moves.
//
// A map of C channels and side x side pixels is stored eight pixels at a time ("octets"): pixel p of
// channel c is at ((p >> 3) * C + c) * 8 + (p & 7). So one matrix product (kernels.wat, eight pixels
// in two SIMD registers) does a convolution in either direction: patches of pixels times weights.

export const octetsOf = side => (side * side + 7) >> 3;

/** Floats in a map; one more octet of zeros at its end is what lies beyond the edge. */
export const sizeOf = (channels, side) => (octetsOf(side) + 1) * channels * 8;

/** Layers one after the other. */
export class Chain {
  constructor(...layers) { this.layers = layers; }
  forward(x) { return this.layers.reduce((y, layer) => layer.forward(y), x); }
  backward(slope) { return this.layers.reduceRight((s, layer) => layer.backward(s), slope); }
}

/** Two ways from x, added up: a residual block. `short` may be null (x itself). */
export class Fork {
  constructor(long, short) { this.long = long; this.short = short; }
  forward(x) {
    const y = this.long.forward(x);
    return add(y, this.short ? this.short.forward(x) : x);
  }
  backward(slope) {  // nobody below writes into `slope`
    const along = this.short ? this.short.backward(slope) : slope;
    return add(this.long.backward(slope), along);
  }
}

function add(to, from) {
  for (let i = 0; i < to.length; i++) to[i] += from[i];
  return to;
}

/** max(x, 0), in place; on the way back nothing passes where the output was zero. */
export class Relu {
  forward(x) {
    this.seen = x;
    for (let i = 0; i < x.length; i++) x[i] = x[i] > 0 ? x[i] : 0;
    return x;
  }
  backward(slope) {
    const {seen} = this;
    for (let i = 0; i < slope.length; i++) if (!(seen[i] > 0)) slope[i] = 0;
    return slope;
  }
}

/** A convolution with the BatchNorm behind it folded in. */
export class Conv {
  /** `weight`: {shape (out, in, k, k), data}; `norm`: its four vectors; `side` of the map it reads. */
  constructor(engine, weight, norm, side, stride) {
    const [out, channels, k] = weight.shape, rows = channels * k * k;
    Object.assign(this, {engine, out, channels, side, taps: k * k, rows});
    this.rowsBack = (rows + 3) & ~3;  // the kernel takes four rows at a time
    this.to = Math.floor((side + 2 * ((k - 1) / 2) - k) / stride) + 1;
    this.octets = octetsOf(this.to);
    this.fold(weight.data, norm);
    this.reads = this.addresses(k, stride);
    this.result = engine.room(sizeOf(out, this.to));
    this.slope = engine.room(sizeOf(channels, side));
    engine.reserve(this.octets * this.rowsBack * 8);
  }

  /** Weights in the kernel's order for both directions: four rows side by side. */
  fold(weight, norm) {
    const {engine, out, rows, rowsBack} = this;
    this.forwards = engine.room(out * rows);
    this.backwards = engine.room(out * rowsBack);
    this.bias = engine.room(out);
    this.zeros = engine.room(rowsBack);
    for (let o = 0; o < out; o++) {
      const scale = norm.weight[o] / Math.sqrt(norm.running_var[o] + 1e-5);
      this.bias[o] = norm.bias[o] - scale * norm.running_mean[o];
      for (let r = 0; r < rows; r++) {
        const w = weight[o * rows + r] * scale;
        this.forwards[((o >> 2) * rows + r) * 4 + (o & 3)] = w;
        this.backwards[((r >> 2) * out + o) * 4 + (r & 3)] = w;
      }
    }
  }

  /** Which pixel of the input each tap of each output pixel reads (bytes, within channel 0). */
  addresses(k, stride) {
    const {engine, channels, side, taps, to} = this, pad = (k - 1) / 2;
    const reads = engine.room(this.octets * taps * 8, Int32Array);
    reads.fill(4 * octetsOf(side) * channels * 8);  // beyond the edge: the octet of zeros
    for (let p = 0; p < to * to; p++) {
      for (let tap = 0; tap < taps; tap++) {
        const y = Math.floor(p / to) * stride + Math.floor(tap / k) - pad;
        const x = (p % to) * stride + tap % k - pad, q = y * side + x;
        if (y < 0 || x < 0 || y >= side || x >= side) continue;
        reads[((p >> 3) * taps + tap) * 8 + (p & 7)] = 4 * ((q >> 3) * channels * 8 + (q & 7));
      }
    }
    return reads;
  }

  forward(x) {
    const {engine, reads, result, channels, octets} = this, {patches} = engine;
    engine.gather(x.byteOffset, reads.byteOffset, patches.byteOffset, channels, this.taps * 32, octets);
    engine.gemm(this.forwards.byteOffset, patches.byteOffset, result.byteOffset, this.bias.byteOffset,
      this.out, this.rows, octets);
    return result;
  }

  backward(slope) {
    const {engine, reads, channels, octets, rowsBack} = this, {patches} = engine, found = this.slope;
    engine.gemm(this.backwards.byteOffset, slope.byteOffset, patches.byteOffset, this.zeros.byteOffset,
      rowsBack, this.out, octets);
    found.fill(0);
    engine.scatter(found.byteOffset, reads.byteOffset, patches.byteOffset, channels, this.taps * 32,
      octets, (rowsBack - this.rows) * 32);
    found.fill(0, octetsOf(this.side) * channels * 8);  // what fell beyond the edge
    return found;
  }
}

/** The mean over all pixels, then a linear layer: logits, as plain numbers. */
export class Head {
  constructor(engine, weight, bias, side) {
    [this.classes, this.channels] = weight.shape;
    Object.assign(this, {weight: weight.data, bias: bias.data, side});
    this.slope = engine.room(sizeOf(this.channels, side));
  }
  forward(x) {
    const {channels, weight, bias} = this, pixels = this.side ** 2, mean = new Float64Array(channels);
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) mean[c] += x[((p >> 3) * channels + c) * 8 + (p & 7)] / pixels;
    }
    return Array.from({length: this.classes}, (_, j) =>
      mean.reduce((sum, m, c) => sum + m * weight[j * channels + c], bias[j]));
  }
  backward(slopes) {
    const {channels, weight, slope} = this, pixels = this.side ** 2;
    for (let c = 0; c < channels; c++) {
      const sum = slopes.reduce((s, d, j) => s + d * weight[j * channels + c], 0) / pixels;
      for (let p = 0; p < pixels; p++) slope[((p >> 3) * channels + c) * 8 + (p & 7)] = sum;
    }
    return slope;
  }
}

/** Planes (C, side, side) in, octets out; and back. */
export class Pack {
  constructor(engine, channels, side) {
    Object.assign(this, {channels, pixels: side * side});
    this.result = engine.room(sizeOf(channels, side));
    this.slope = new Float32Array(channels * side * side);
  }
  forward(planes) {
    const {channels, pixels, result} = this;
    for (let c = 0, i = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++, i++) result[((p >> 3) * channels + c) * 8 + (p & 7)] = planes[i];
    }
    return result;
  }
  backward(octets) {
    const {channels, pixels, slope} = this;
    for (let c = 0, i = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++, i++) slope[i] = octets[((p >> 3) * channels + c) * 8 + (p & 7)];
    }
    return slope;
  }
}
