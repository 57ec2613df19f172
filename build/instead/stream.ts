/**
 * What an executable has in the place of node:stream, for postgres.js, which needs it for COPY alone:
 * whoever asks loads it, which takes 2 ms of CPU time (Bun 1.4.5).
 */
const imported: object = {
  get Writable() {
    return load("Writable");
  },
  get Readable() {
    return load("Readable");
  },
  get Duplex() {
    return load("Duplex");
  },
};
export default imported;

function load(name: string): unknown {
  const stream = require("node:stream") as Readonly<Record<string, unknown>>;
  return stream[name];
}
