/**
 * Each item is made behind the other, and finished beside the making of the next. Where something
 * fails, what runs beside it ends before this does: both write into a folder that goes away then.
 */
export async function madeAndFinished<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
  finish: (made: Made) => Promise<void>,
): Promise<void> {
  let finishing: Promise<void> = Promise.resolve();
  for (const item of items) {
    const [made, finished] = await Promise.allSettled([make(item), finishing]);
    if (finished.status === "rejected") throw finished.reason;
    if (made.status === "rejected") throw made.reason;
    finishing = finish(made.value);
  }
  await finishing;
}
