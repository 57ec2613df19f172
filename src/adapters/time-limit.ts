/**
 * Calls back when the time is over, and not before what has arrived meanwhile was read: a process
 * that was stopped, or had no processor, does not blame the server for it. It keeps no process alive.
 */
export function timeLimit(milliseconds: number, onOver: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(onOver, graceMs);
    timer.unref();
  }, milliseconds);
  timer.unref();
  return () => {
    clearTimeout(timer);
  };
}

const graceMs = 50;
