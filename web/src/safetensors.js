// Weights as they ship: 8 bytes of length, a head in JSON, then numbers. float16 becomes float32.

/** {name: {shape, data}} of all float16 tensors of a file (an ArrayBuffer); counters are left out. */
export function readSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true)), start = 8 + length;
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const wide = everyHalf(), found = {};
  for (const [name, {dtype, shape, data_offsets: [from, to]}] of Object.entries(head)) {
    if (name === "__metadata__" || dtype === "I64") continue;
    if (dtype !== "F16") throw new Error(`${name} is stored as ${dtype}, and only F16 is read here`);
    const halves = new Uint16Array(buffer.slice(start + from, start + to));
    found[name] = {shape, data: Float32Array.from(halves, bits => wide[bits])};
  }
  return found;
}

/** What each of the 65,536 halves means: a sign, five bits of exponent, ten bits after the point. */
function everyHalf() {
  return Float32Array.from({length: 65536}, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, rest = (bits & 1023) / 1024;
    if (exponent === 31) return rest ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest) : 2 ** -14 * rest);
  });
}
