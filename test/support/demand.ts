export function demandEqual(found: unknown, wanted: unknown): void {
  if (Bun.deepEquals(found, wanted)) return;
  throw new Error(`found ${JSON.stringify(found)}\nwanted ${JSON.stringify(wanted)}`);
}
