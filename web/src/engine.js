// Where the floats live that the kernels may touch, and the kernels themselves.
import {plainKernels} from "./plain.js";

/** One block of memory with three kernels: WebAssembly's, or plain JavaScript where there is none. */
export class Engine {
  /** `wasm`: the bytes of kernels.wasm, or null; `megabytes`: 16 are enough for the course's net. */
  constructor(wasm, megabytes = 24) {
    this.name = wasm ? "wasm" : "plain";
    if (wasm) {
      const {memory, ...kernels} = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
      memory.grow(megabytes * 16);  // in pages of 64 kB
      this.buffer = memory.buffer;
      Object.assign(this, kernels);
    } else {
      this.buffer = new ArrayBuffer(megabytes << 20);
      const floats = new Float32Array(this.buffer);
      for (const [name, kernel] of Object.entries(plainKernels)) {
        this[name] = (...addresses) => kernel(floats, ...addresses);
      }
    }
    this.top = 64;
    this.patches = null;
  }

  /** Room for so many numbers, zeros at first; never given back. */
  room(length, kind = Float32Array) {
    const found = new kind(this.buffer, this.top, length);
    this.top += (length * 4 + 63) & ~63;
    return found;
  }

  /** The patches of one layer at a time: as much room as the largest of them needs. */
  reserve(length) {
    if (!this.patches || this.patches.length < length) this.patches = this.room(length);
  }
}
