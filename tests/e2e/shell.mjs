// The app shell (design decision D14): starts without network, and a new version never surprises anybody.
//
// The real page, start script and service worker, with a stand-in for the app itself: what the app does when it is
// started is another test's business. Runs alone, too:  KOUMEN_WEB_DIR=... CHROMIUM=... node tests/e2e/shell.mjs
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
  '.png': 'image/png', '.json': 'application/json', '.wasm': 'application/wasm' };
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
  + "connect-src 'self'; worker-src 'self'; frame-ancestors 'none'";
const WAIT_MS = 10_000;

/** A server that can be stopped, given another version, or made to answer like a hotel's sign-in page. */
export class ShellServer {
  constructor() {
    this.portal = false;
    this.cached = true;
    this.asked = [];
    this.folder = '';
  }

  async start(port = 0) {
    this.http = createServer((request, reply) => this.#answer(new URL(request.url, 'http://x').pathname, reply));
    await new Promise((done) => this.http.listen(port, '127.0.0.1', done));
    this.port = this.http.address().port;
    this.origin = `http://localhost:${this.port}`;
  }

  async stop() {
    const closed = new Promise((done) => this.http.close(done));
    this.http.closeAllConnections();
    await closed;
  }

  async #answer(path, reply) {
    this.asked.push(path);
    if (path.startsWith('/v1/')) return reply.writeHead(418).end('server');
    if (this.portal && path !== '/sw.js') return reply.writeHead(200, { 'content-type': 'text/html' }).end('<p>Please pay</p>');
    const file = path === '/' || extname(path) === '' ? '/index.html' : path;
    try {
      const body = await readFile(join(this.folder, file));
      const hashed = /-[0-9a-f]{16}/.test(file);
      reply.writeHead(200, {
        'content-type': TYPES[extname(file)],
        'content-security-policy': POLICY,
        'cache-control': hashed && this.cached ? 'public, max-age=31536000, immutable' : this.cached ? 'no-cache' : 'no-store',
      }).end(body);
    } catch {
      reply.writeHead(404).end();
    }
  }
}

/** The service worker's version, wherever it stands; in the build that users download it has no name, and other quotes. */
const VERSION = /(["'`](?:koumen-shell-)?)[0-9a-f]{16}(?=["'`])/g;

/** Copies the packed folder with a stand-in for the app that shows `label`. */
async function makeVersion(from, to, label) {
  await cp(from, to, { recursive: true, filter: (file) => !file.endsWith('.br') });
  const names = await readdir(to);
  const app = names.find((name) => /^app-[0-9a-f]{16}\.js$/.test(name));
  const stand = `app-${createHash('sha256').update(label).digest('hex').slice(0, 16)}.js`;
  const script = `export default async () => { document.getElementById('main').textContent = ${JSON.stringify(label)}; };`;
  await rm(join(to, app));
  await writeFile(join(to, stand), script);
  const rewritten = [names.find((name) => name.startsWith('start-')), names.find((name) => name.startsWith('worker-')), 'index.html'];
  const swPath = join(to, 'sw.js');
  const packed = await readFile(swPath, 'utf8');
  let sw = packed.replace(VERSION, `$1${label}`);
  assert.notEqual(sw, packed);
  const put = (url, newUrl, bytes) => {
    const integrity = `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
    const entry = new RegExp(`"?integrity"?:\\s*["'\`][^"'\`]*["'\`],\\s*"?url"?:\\s*["'\`]${url.replaceAll('.', '\\.')}["'\`]`);
    assert.match(sw, entry);
    sw = sw.replace(entry, `"integrity": "${integrity}", "url": "${newUrl}"`);
  };
  put(`/${app}`, `/${stand}`, script);
  const renamed = new Map([[app, stand]]);
  for (const name of rewritten) {
    let text = await readFile(join(to, name), 'utf8');
    for (const [old, fresh] of renamed) text = text.replaceAll(old, fresh);
    if (name === 'index.html') {
      await writeFile(join(to, name), text);
      put('/', '/', text);
    } else {
      const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
      const fresh = name.replace(/[0-9a-f]{16}/, hash);
      await rm(join(to, name));
      await writeFile(join(to, fresh), text);
      put(`/${name}`, `/${fresh}`, text);
      renamed.set(name, fresh);
    }
  }
  await writeFile(swPath, sw);
}

const shown = (page, label) => page.waitForFunction((text) => document.getElementById('main')?.textContent === text, label, { timeout: WAIT_MS });
const shells = (page) => page.evaluate(async () => (await caches.keys()).sort());
const controlled = (page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', null, { timeout: WAIT_MS });
const lookForUpdate = (page) => page.evaluate(async () => { await (await navigator.serviceWorker.ready).update().catch(() => {}); });

/** Runs the checks through `check(name, body)`. */
export async function shell({ webDir, chromiumPath, check }) {
  const work = await mkdtemp(join(tmpdir(), 'koumen-shell-'));
  const server = new ShellServer();
  const folders = {};
  for (const label of ['one', 'two', 'three']) {
    folders[label] = join(work, label);
    await makeVersion(webDir, folders[label], label);
  }
  server.folder = folders.one;
  await server.start();
  const context = await chromium.launchPersistentContext(join(work, 'profile'), {
    executablePath: chromiumPath, headless: true, args: FLAGS,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));

  try {
    await check('the first visit shows the app and breaks no rule of the page', async () => {
      await page.goto(server.origin);
      await shown(page, 'one');
      await controlled(page);
      assert.equal(await page.locator('.splash').isVisible(), false);
      assert.deepEqual(complaints, []);
    });

    await check('with the server stopped, every address opens the app', async () => {
      await server.stop();
      await page.reload();
      await shown(page, 'one');
      await page.goto(`${server.origin}/households/3-2-501`);
      await shown(page, 'one');
      const wasm = await page.evaluate(async () => {
        const link = document.querySelector('link[as=fetch]');
        const reply = await fetch(link.href);
        return { status: reply.status, type: reply.headers.get('content-type') };
      });
      assert.deepEqual(wasm, { status: 200, type: 'application/wasm' });
    });

    await check("the server's own addresses are never answered from the cache", async () => {
      const ask = () => page.evaluate(() => fetch('/v1/sync').then((reply) => reply.status, () => 'no network'));
      assert.equal(await ask(), 'no network');
      await server.start(server.port);
      assert.equal(await ask(), 418);
    });

    await check('a sign-in page of a hotel in place of the files is refused', async () => {
      server.folder = folders.two;
      server.portal = true;
      await lookForUpdate(page);
      await page.waitForFunction(async () => {
        const registration = await navigator.serviceWorker.ready;
        return !registration.installing && !registration.waiting;
      }, null, { timeout: WAIT_MS });
      server.portal = false;
      server.folder = folders.one;
      await page.reload();
      await shown(page, 'one');
    });

    await check('a new version waits while a form is open, in whichever tab', async () => {
      await page.evaluate(() => document.documentElement.setAttribute('data-koumen-busy', ''));
      server.folder = folders.two;
      const other = await context.newPage();
      await other.goto(server.origin);
      await other.waitForFunction(async () => {
        const registration = await navigator.serviceWorker.ready;
        await registration.update().catch(() => {});
        return registration.waiting !== null;
      }, null, { timeout: WAIT_MS });
      await other.waitForFunction(() => document.documentElement.dataset.koumenUpdate === 'waiting', null, { timeout: WAIT_MS });
      await other.reload();
      await shown(other, 'one');
      await shown(page, 'one');
      assert.equal((await shells(page)).length, 2);
      await other.close();
    });

    await check('when the form is closed, the page starts again with the new version', async () => {
      await page.evaluate(() => document.documentElement.removeAttribute('data-koumen-busy'));
      await shown(page, 'two');
      assert.deepEqual(await shells(page), ['koumen-shell-one', 'koumen-shell-two']);
    });

    await check('the old version is let go once the database is open, and only then', async () => {
      await page.reload();
      await shown(page, 'two');
      assert.equal((await shells(page)).length, 2);
      await page.evaluate(() => window.dispatchEvent(new Event('koumen:opened')));
      await page.waitForFunction(async () => (await caches.keys()).join() === 'koumen-shell-two', null, { timeout: WAIT_MS });
    });

    await check('an update fetches only what changed', async () => {
      server.folder = folders.three;
      server.asked = [];
      await lookForUpdate(page);
      await shown(page, 'three');
      const wasm = server.asked.filter((path) => path.endsWith('.wasm'));
      assert.deepEqual(wasm, [], 'the compiled app is the same in both versions');
      assert.ok(server.asked.some((path) => path.startsWith('/start-')));
    });
  } finally {
    await context.close();
    await server.stop().catch(() => {});
    await rm(work, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  let [passed, failed] = [0, 0];
  const check = async (name, body) => {
    try {
      await body();
      passed += 1;
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}\n${error.stack}`);
    }
  };
  await shell({ webDir: process.env.KOUMEN_WEB_DIR, chromiumPath: process.env.CHROMIUM, check });
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
