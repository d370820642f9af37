// The three kernels of kernels.wat where there is no SIMD, equal to them to the last bit: both round
// every product and every sum to float32 (Math.fround), in the same order. Addresses in bytes.

const round = Math.fround;

/** c[p][m][8] = bias[m] + sum over k of a[m / 4][k][4] * b[p][k][8]. */
function gemm(floats, a, b, c, bias, m, k, octets) {
  a >>= 2; b >>= 2; c >>= 2; bias >>= 2;
  for (let p = 0; p < octets; p++, b += k * 8) {
    for (let row = 0; row < m; row += 4, c += 32) {
      for (let lane = 0; lane < 8; lane += 2) fourRowsTwoPixels(floats, a + row * k, b + lane, c + lane, bias + row, k);
    }
  }
}

function fourRowsTwoPixels(f, a, b, c, bias, k) {
  let p0 = f[bias], p1 = f[bias + 1], p2 = f[bias + 2], p3 = f[bias + 3];
  let q0 = p0, q1 = p1, q2 = p2, q3 = p3;
  for (let i = 0; i < k; i++, a += 4, b += 8) {
    const u = f[b], v = f[b + 1], w0 = f[a], w1 = f[a + 1], w2 = f[a + 2], w3 = f[a + 3];
    p0 = round(p0 + round(w0 * u)); q0 = round(q0 + round(w0 * v));
    p1 = round(p1 + round(w1 * u)); q1 = round(q1 + round(w1 * v));
    p2 = round(p2 + round(w2 * u)); q2 = round(q2 + round(w2 * v));
    p3 = round(p3 + round(w3 * u)); q3 = round(q3 + round(w3 * v));
  }
  f[c] = p0; f[c + 8] = p1; f[c + 16] = p2; f[c + 24] = p3;
  f[c + 1] = q0; f[c + 9] = q1; f[c + 17] = q2; f[c + 25] = q3;
}

/** patches[p][c][tap][8] = x[reads[p][tap][8] of channel c]. */
function gather(floats, x, reads, patches, channels, length, octets) {
  const at = new Int32Array(floats.buffer);
  x >>= 2; reads >>= 2; patches >>= 2; length >>= 2;
  for (; octets > 0; octets--, reads += length) {
    for (let c = 0, base = x; c < channels; c++, base += 8) {
      for (let i = reads; i < reads + length; i++) floats[patches++] = floats[base + (at[i] >> 2)];
    }
  }
}

/** Its transpose: x[reads of channel c] += patches. */
function scatter(floats, x, reads, patches, channels, length, octets, skip) {
  const at = new Int32Array(floats.buffer);
  x >>= 2; reads >>= 2; patches >>= 2; length >>= 2; skip >>= 2;
  for (; octets > 0; octets--, reads += length, patches += skip) {
    for (let c = 0, base = x; c < channels; c++, base += 8) {
      for (let i = reads; i < reads + length; i++) floats[base + (at[i] >> 2)] += floats[patches++];
    }
  }
}

export const plainKernels = {gemm, gather, scatter};
