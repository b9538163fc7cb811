// The replica's storage suite over OPFS: the same checks that cargo runs in memory and on a file, in a real browser.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { FLAGS, ShellServer } from './shell.mjs';

/** Fewer would mean that the suite did not run to its end. */
const CHECKS_MIN = 7;
const WAIT_MS = 120_000;

/** Asks a fresh worker of the app, built with the feature `testing`, for the suite's report. */
async function report(page) {
  return page.evaluate((waitMs) => new Promise((done, fail) => {
    const address = document.querySelector('meta[name="koumen-worker"]').content;
    const worker = new Worker(address, { type: 'module' });
    setTimeout(() => fail(new Error('no report')), waitMs);
    worker.addEventListener('error', (event) => fail(new Error(event.message)));
    worker.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') done(data);
    });
    worker.postMessage({ conformance: true });
  }), WAIT_MS);
}

export async function conformance({ settings, check }) {
  const folder = process.env.KOUMEN_TESTING_WEB_DIR;
  assert.ok(folder, 'KOUMEN_TESTING_WEB_DIR is not set; run these tests by: cargo xtask test --only browser');
  const server = new ShellServer();
  server.folder = folder;
  await server.start();
  const profile = await mkdtemp(join(tmpdir(), 'koumen-conformance-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: settings.chromium, headless: true, args: FLAGS,
  });
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    const lines = (await report(page)).split('\n').map((line) => JSON.parse(line));
    await check('every check of the suite ran', async () => {
      assert.ok(lines.length >= CHECKS_MIN, `only ${lines.length} checks: ${JSON.stringify(lines)}`);
    });
    for (const { check: name, failure } of lines) {
      await check(name, async () => assert.equal(failure, undefined));
    }
  } finally {
    await browser.close();
    await server.stop();
    await rm(profile, { recursive: true, force: true });
  }
}
