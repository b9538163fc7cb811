// Slower processors: the page's own thread by DevTools, or the whole browser by pausing it most of the time.
//
// DevTools refuses to slow down workers ("only supported for pages, not workers"), and the database lives in one.
// Pausing every process of the browser three quarters of the time makes each of its threads four times slower.

/** Length of one round of running and pausing, ms: short beside what is measured. */
const ROUND_MS = 16;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Slows the main thread of a page. */
export async function slowPage(page, times) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: times });
}

/**
 * Lets every process of a group run for one part of `times` only, until `stop` is called.
 *
 * @returns {{ stop: () => Promise<number> }} `stop` gives how many times slower it really was
 */
export function slowGroup(leader, times) {
  let going = true;
  let [ran, all] = [0, 0];
  const run = async () => {
    while (going) {
      const began = performance.now();
      process.kill(-leader, 'SIGCONT');
      await pause(ROUND_MS / times);
      process.kill(-leader, 'SIGSTOP');
      const stopped = performance.now();
      // What a late timer let it run too long is paid back by a longer pause.
      await pause((stopped - began) * (times - 1));
      ran += stopped - began;
      all += performance.now() - began;
    }
    process.kill(-leader, 'SIGCONT');
  };
  const running = run();
  return {
    stop: async () => {
      going = false;
      await running.finally(() => { process.kill(-leader, 'SIGCONT'); });
      return all / ran;
    },
  };
}
