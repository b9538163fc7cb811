// The real server process: its command line, its start, its stop and its sudden death.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { until } from './until.mjs';

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;

/** A port of this machine that nobody listens on. */
export async function freePort() {
  const probe = createServer();
  await new Promise((done, failed) => probe.once('error', failed).listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

/** Runs `program words...` to its end; its output, or an error that shows what it said. */
export async function runToEnd(program, words, input = '') {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  const [out, err] = [[], []];
  child.stdout.on('data', (bytes) => out.push(bytes));
  child.stderr.on('data', (bytes) => err.push(bytes));
  const ended = new Promise((done, failed) => child.once('error', failed).once('close', done));
  child.stdin.end(input);
  const code = await ended;
  const text = Buffer.concat(out).toString('utf8');
  if (code !== 0) throw new Error(`${words.join(' ')}: ended with ${code}\n${text}${Buffer.concat(err)}`);
  return text;
}

/** A server with one data folder and one port, which it keeps over every stop and start. */
export class Server {
  /** @param {{ program: string, web: string, folder: string, port: number }} setup */
  constructor({ program, web, folder, port }) {
    Object.assign(this, { program, web, port });
    this.data = join(folder, 'data');
    this.log = join(folder, 'server.log');
    this.origin = `http://127.0.0.1:${port}`;
    this.child = null;
  }

  /** Whether the process runs. */
  get running() {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Runs a command of the server's command line on the data folder. */
  command(words, input) {
    return runToEnd(this.program, [...words, '--data', this.data], input);
  }

  /** Starts the process and waits until it answers. */
  async start() {
    const log = openSync(this.log, 'a');
    const words = ['serve', '--data', this.data, '--web', this.web, '--port', String(this.port)];
    this.child = spawn(this.program, words, { stdio: ['ignore', log, log] });
    closeSync(log);
    const broken = new Promise((_, failed) => this.child.once('error', failed));
    const answers = until('the server answers', async () => {
      if (!this.running) return { died: true };
      const reply = await fetch(`${this.origin}/healthz`).catch(() => null);
      return reply?.ok ? { died: false } : null;
    }, { timeout: START_MS_MAX, every: 20 });
    const { died } = await Promise.race([answers, broken]);
    if (died) throw new Error(`the server ended at once:\n${(await readFile(this.log, 'utf8')).slice(-2000)}`);
  }

  /** Asks the process to stop, as an operator does, and waits until it has. */
  async stop() {
    await this.#end('SIGTERM', STOP_MS_MAX);
  }

  /** Ends the process without asking. */
  async kill() {
    await this.#end('SIGKILL', STOP_MS_MAX);
  }

  async #end(signal, ms) {
    if (!this.running) return;
    const child = this.child;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    let timer;
    const late = new Promise((done) => { timer = setTimeout(() => done('late'), ms); });
    const how = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (how === 'late') {
      child.kill('SIGKILL');
      await ended;
      throw new Error(`the server did not stop within ${ms} ms of ${signal}`);
    }
  }

  /** What the server holds, as its own check says: numbers of operations, parked ones, devices and records. */
  async figures() {
    const text = await this.command(['check']);
    const found = /(\d+) operations, (\d+) parked, (\d+) devices, (\d+) records/.exec(text);
    if (!found || !text.includes('no damage found')) throw new Error(`the server's check says:\n${text}`);
    const [operations, parked, devices, records] = found.slice(1).map(Number);
    return { operations, parked, devices, records };
  }
}
