// The first start: everything is fetched once, and where nothing can be kept that is said at once.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { by, shows } from './pages.mjs';
import { FLAGS, ShellServer } from './shell.mjs';
import { until } from './until.mjs';
import { words } from './texts.mjs';

/** What a worker is told to be: a private window of this browser. */
const refusing = (name) => `
let asked = 0;
Object.defineProperty(navigator.storage, 'getDirectory', { value: () => {
  asked += 1;
  new BroadcastChannel('asked').postMessage(asked);
  return Promise.reject(new DOMException('no storage here', '${name}'));
} });
`;

export async function first({ settings, check }) {
  const server = new ShellServer();
  server.folder = settings.web;
  await server.start();
  const profiles = [];
  const browse = async (body) => {
    const profile = await mkdtemp(join(tmpdir(), 'koumen-first-'));
    profiles.push(profile);
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: settings.chromium, headless: true, args: FLAGS,
    });
    try {
      await body(await context.newPage(), context);
    } finally {
      await context.close();
    }
  };
  try {
    await check('the app is fetched once, for the page, the worker and the service worker', () => browse(async (page) => {
      server.asked = [];
      await page.goto(server.origin);
      await shows(page, 'sign-in');
      await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
      const named = server.asked.filter((path) => /-[0-9a-f]{16}/.test(path));
      const twice = named.filter((path, index) => named.indexOf(path) !== index);
      assert.deepEqual(twice, []);
      assert.equal(named.filter((path) => path.endsWith('.wasm')).length, 1);
      // The worker runs: it said that nobody is signed in. And without the server the app starts again.
      await server.stop();
      await page.reload();
      await shows(page, 'sign-in');
      await server.start(server.port);
    }));

    await check('where nothing may be cached, the worker still fetches nothing of its own', () => browse(async (page) => {
      server.cached = false;
      server.asked = [];
      await page.goto(server.origin);
      await shows(page, 'sign-in');
      await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
      server.cached = true;
      // One for the page, one for what the service worker keeps.
      assert.equal(server.asked.filter((path) => path.endsWith('.wasm')).length, 2);
    }));

    for (const name of ['UnknownError', 'SecurityError', 'NotAllowedError', 'TypeError']) {
      await check(`a window without storage (${name}) is told so at the first refusal`, () => browse(async (page, context) => {
        await context.route(/\/worker-[0-9a-f]{16}\.js$/, async (route) => {
          const reply = await route.fetch().catch(() => null);
          // The page may be gone by now.
          if (reply) await route.fulfill({ response: reply, body: refusing(name) + await reply.text() }).catch(() => {});
        });
        await page.addInitScript(() => {
          window.asked = 0;
          new BroadcastChannel('asked').onmessage = ({ data }) => { window.asked = data; };
        });
        await page.goto(server.origin);
        await shows(page, 'unusable');
        const said = await by(page, 'unusable').innerText();
        assert.ok(said.includes(words('unusable-storage-no-opfs')), said);
        assert.equal(await until('the worker asked', () => page.evaluate(() => window.asked)), 1, 'and not asked again');
        await context.unrouteAll({ behavior: 'ignoreErrors' });
      }));
    }
  } finally {
    await server.stop();
    for (const profile of profiles) await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
