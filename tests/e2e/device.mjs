// A device: a Chromium with a profile folder of its own, which survives the death of the browser.
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { runToEnd } from './server.mjs';
import { until } from './until.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** The sizes of screen that are tested. */
export const PHONE = { width: 412, height: 915 };
export const DESK = { width: 1280, height: 800 };

/** Every process of this machine that is not a zombie, with its parent, its group and its command line. */
async function processes() {
  const names = await readdir('/proc').catch(() => null);
  return names ? processesOfLinux(names) : processesByPs();
}

async function processesOfLinux(names) {
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(async (name) => {
    try {
      const stat = await readFile(`/proc/${name}/stat`, 'latin1');
      // The program's name, in brackets, may hold blanks and brackets.
      const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = (await readFile(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      return { pid: Number(name), parent: Number(parent), group: Number(group), state, command };
    } catch {
      return null; // It has ended in the meantime.
    }
  }));
  return found.filter((each) => each && each.state !== 'Z');
}

/** Systems without /proc. */
async function processesByPs() {
  const lines = (await runToEnd('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,args='])).split('\n');
  const rows = lines.map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)).filter(Boolean);
  return rows.filter((row) => !row[4].startsWith('Z'))
    .map((row) => ({ pid: Number(row[1]), parent: Number(row[2]), group: Number(row[3]), command: row[5] }));
}

/** The processes of the browser that uses the profile folder, with all their descendants. */
async function browserProcesses(folder) {
  const all = await processes();
  const found = new Set(all.filter((each) => each.command.includes(folder)).map((each) => each.pid));
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const each of all) if (found.has(each.parent)) found.add(each.pid);
  }
  return [...found];
}

/** One person's device. */
export class Device {
  /** @param {{ name: string, folder: string, program: string, viewport: object, server: import('./server.mjs').Server }} setup */
  constructor({ name, folder, program, viewport, server }) {
    Object.assign(this, { name, program, viewport, server });
    this.folder = join(folder, `profile-${name}`);
    this.context = null;
    this.page = null;
    /** Errors that pages reported while the server was running. */
    this.complaints = [];
    /** Requests to other places than the server. */
    this.strangers = [];
    /** Scripts that run before the app, with their argument; functions of the test that pages may call. */
    this.initScripts = [];
    this.bindings = new Map();
  }

  /** Starts the browser on its profile; `page` is its first page. */
  async launch() {
    await mkdir(this.folder, { recursive: true });
    this.context = await chromium.launchPersistentContext(this.folder, {
      executablePath: this.program, headless: true, args: FLAGS, viewport: this.viewport,
    });
    this.context.setDefaultTimeout(30_000);
    for (const [name, heard] of this.bindings) await this.context.exposeFunction(name, heard);
    for (const [script, argument] of this.initScripts) await this.context.addInitScript(script, argument);
    this.context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== this.server.origin) this.strangers.push(request.url());
    });
    this.context.on('page', (page) => this.#listen(page));
    this.page = this.context.pages()[0] ?? await this.context.newPage();
    this.#listen(this.page);
    return this.page;
  }

  #listen(page) {
    if (page.listenedTo) return;
    page.listenedTo = true;
    page.on('console', (message) => {
      // Without a server the browser itself says of every request that it failed.
      const offline = !this.server.running && message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !offline) this.complaints.push(`${new URL(page.url()).pathname}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.stack ?? error}`));
  }

  /** Opens an address of the app in the first page; starts the browser when it does not run. */
  async open(path = '/') {
    const page = this.page ?? await this.launch();
    await page.goto(this.server.origin + path, { waitUntil: 'domcontentloaded' });
    return page;
  }

  /** Opens an address in another tab. */
  async tab(path = '/') {
    const page = await this.context.newPage();
    await page.setViewportSize(this.viewport);
    await page.goto(this.server.origin + path, { waitUntil: 'domcontentloaded' });
    return page;
  }

  /** The process that leads the browser's group of processes. */
  async leader() {
    const all = await processes();
    const found = all.find(({ pid, group, command }) => pid === group && command.includes(this.folder));
    if (!found) throw new Error(`${this.name}'s browser does not run`);
    return found.pid;
  }

  /** Ends every process of the browser at once, as an empty battery does. */
  async kill() {
    const pids = await browserProcesses(this.folder);
    if (pids.length === 0) throw new Error(`${this.name}'s browser does not run`);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
    await until(`${this.name}'s browser is dead`, async () => (await browserProcesses(this.folder)).length === 0);
    await this.context.close().catch(() => {});
    this.context = null;
    this.page = null;
    return pids.length;
  }

  /** Closes the browser in order. */
  async close() {
    const context = this.context;
    this.context = null;
    this.page = null;
    await context?.close();
  }

  /** Writes a picture of every open page. */
  async pictures(folder, label) {
    const pages = this.context?.pages() ?? [];
    await mkdir(folder, { recursive: true });
    for (const [index, page] of pages.entries()) {
      const file = join(folder, `${label}-${this.name}${index === 0 ? '' : `-${index + 1}`}.png`);
      await page.screenshot({ path: file, timeout: 5_000 }).catch(() => {});
    }
  }
}
