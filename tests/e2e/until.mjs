// Waiting for conditions. Nothing in these tests sleeps for a fixed time, except where time itself is the point.

/** How long anything may take that no figure of the product limits. */
export const PATIENCE_MS = 45_000;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/**
 * Asks `probe` again and again until it gives something true, which is returned.
 * A probe that throws has not come true yet; the last error is told when time is over.
 */
export async function until(what, probe, { timeout = PATIENCE_MS, every = 50 } = {}) {
  const end = performance.now() + timeout;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`not within ${timeout} ms: ${what}; last seen: ${seen}`);
    }
    await pause(every);
  }
}
