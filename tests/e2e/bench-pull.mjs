// Measures how long a fresh device in a browser takes to pull 50,000 visits into its store (OPFS). One JSON object.
//
//   cargo xtask bench device
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { Device, PHONE } from './device.mjs';
import { by, shows, upToDate, walk } from './pages.mjs';
import { freePort, runToEnd } from './server.mjs';
import { until } from './until.mjs';

const VISITS = 50_000;
const WALL_MS_MAX = 10_000;
const FILL_MS_MAX = 5 * 60_000;

const { KOUMEN_BENCH_PEER_BIN: peer, KOUMEN_WEB_DIR: web, CHROMIUM: program } = process.env;
assert.ok(peer && web && program, 'run this by: cargo xtask bench device');

const folder = await mkdtemp(join(tmpdir(), 'koumen-pull-'));
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const child = spawn(peer, ['serve', '--port', String(port), '--dir', join(folder, 'server'), '--web', web], { stdio: ['ignore', 'pipe', 'inherit'] });
const server = { origin, get running() { return child.exitCode === null && child.signalCode === null; } };
const device = new Device({ name: 'fresh', folder, program, viewport: PHONE, server });
try {
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said).trim(), 'ready');
  await runToEnd(peer, ['push', '--server', origin, '--count', String(VISITS)]);

  const page = await device.open('/');
  await shows(page, 'sign-in');
  await by(page, 'sign-in-username').fill('bench');
  await by(page, 'sign-in-password').fill('knock-knock-7');
  const began = performance.now();
  await by(page, 'sign-in-submit').click();
  await shows(page, 'today');
  const signedIn = performance.now();
  await upToDate(page, FILL_MS_MAX);
  const wall = performance.now() - began;

  // "Synchronised" must not have been said too early.
  await walk(page, '/settings');
  await shows(page, 'storage');
  const [, , visits] = await until('the storage is counted', async () => {
    const numbers = (await by(page, 'storage').innerText()).replace(/[,\u2068\u2069]/g, '').match(/\d+(?= )|\d+/g)?.map(Number);
    return numbers?.length >= 3 ? numbers : null;
  });
  assert.equal(visits, VISITS);
  assert.deepEqual(device.complaints, []);

  const good = wall <= WALL_MS_MAX;
  console.log(JSON.stringify({
    figure: 'pull of 50,000 visits in a browser', value: Math.round(wall), limit: WALL_MS_MAX, unit: 'ms', good, records: visits,
    wall_ms: Math.round(wall), sign_in_ms: Math.round(signedIn - began), records_per_s: Math.round(visits / wall * 1000),
    load: Math.round(loadavg()[0] * 10) / 10,
    machine: { processor: cpus()[0]?.model.trim(), cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30), system: `${platform()} ${release()}` },
  }));
  process.exitCode = good ? 0 : 1;
} finally {
  await device.close();
  child.kill();
  await rm(folder, { recursive: true, force: true });
}
