// What strangers can take of the real server over loopback: each attack against a server of its own, bounded in count and
// time. One JSON line an attack: a normal sync quiet and attacked, what was answered, memory, and how long until all is
// normal again. `KOUMEN_SERVER_BIN=... node bench-strangers.mjs` (or `cargo xtask bench strangers`); another program, of
// an earlier version, may be measured beside it. The attacker has the same address as those who work.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

import { freePort, runToEnd } from './server.mjs';

const PROGRAM = process.env.KOUMEN_SERVER_BIN;
if (!PROGRAM) throw new Error('set KOUMEN_SERVER_BIN to the server');
const AREAS = fileURLToPath(new URL('../../assets/demo/communities.csv', import.meta.url));
const [AREA, PASSWORD] = ['320402003012', 'a long password'];
const OPEN_FILES = 1024;
const ATTACK_MS = 8_000;
const NORMAL_MS_MAX = 150_000;
const ANSWER_MS_MAX = 10_000;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const at = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
const round = (ms) => (ms === undefined ? null : Math.round(ms * 10) / 10);

/** A sync with nothing to do: version, no epoch, no push, no cursors, no directory, 2,000 operations, no extensions. */
const SYNC = (() => {
  const message = Buffer.from([1, 0, 0, 0, 0, 0xd0, 0x0f, 0]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(message.length);
  return Buffer.concat([Buffer.from('KMN\x01', 'latin1'), length, deflateRawSync(message)]);
})();

class Bench {
  constructor(folder, port) {
    Object.assign(this, { folder, port, data: join(folder, 'data') });
  }

  async start() {
    await runToEnd(PROGRAM, ['import', 'areas', AREAS, '--data', this.data]);
    for (const name of ['zhao', 'qian']) {
      const words = ['user', 'add', name, '--display', name, '--role', 'member', '--area', AREA, '--password-stdin'];
      await runToEnd(PROGRAM, [...words, '--data', this.data], `${PASSWORD}\n`);
    }
    const words = ['serve', '--data', this.data, '--port', String(this.port)];
    const limited = ['-c', `ulimit -n ${OPEN_FILES}; exec "$0" "$@"`, PROGRAM, ...words];
    this.child = spawn('sh', limited, { stdio: 'ignore', env: { ...process.env, KOUMEN_LOG: 'error' } });
    while ((await this.ask('GET', '/healthz')).status !== 200) await sleep(20);
    const signedIn = await this.signIn('zhao', PASSWORD);
    this.token = JSON.parse(signedIn.body).token;
  }

  async stop() {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** One request over a connection of its own; status 0 when there is no answer in time. */
  ask(method, path, { headers = {}, body, timeout = ANSWER_MS_MAX } = {}) {
    return new Promise((done) => {
      const request = http.request({ host: '127.0.0.1', port: this.port, method, path, headers, agent: false });
      const timer = setTimeout(() => request.destroy(new Error('late')), timeout);
      const end = (answer) => { clearTimeout(timer); done(answer); };
      request.on('error', () => end({ status: 0, body: '' }));
      request.on('response', (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', () => end({ status: 0, body: '' }));
        response.on('end', () => end({ status: response.statusCode, body: Buffer.concat(parts).toString('utf8') }));
      });
      request.end(body);
    });
  }

  signIn(username, password) {
    const body = JSON.stringify({ username, password, device: null, device_name: 'bench' });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return this.ask('POST', '/v1/session', { headers, body });
  }

  async sync() {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/vnd.koumen.v1' };
    const began = performance.now();
    const { status } = await this.ask('POST', '/v1/sync', { headers, body: SYNC });
    return { ok: status === 200, ms: performance.now() - began };
  }

  async memory() {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    const mib = (name) => Math.round(Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024);
    return { now: mib('VmRSS'), peak: mib('VmHWM') };
  }

  /** Syncs, one after the other, while `lasts` says so. */
  async syncs(lasts) {
    const [times, said] = [[], { answered: 0, failed: 0, health: 0 }];
    while (lasts(times.length)) {
      const { ok, ms } = await this.sync();
      times.push(ms);
      said[ok ? 'answered' : 'failed'] += 1;
      const health = await this.ask('GET', '/healthz', { timeout: 2_000 });
      said.health += health.status === 200 ? 1 : 0;
      await sleep(20);
    }
    return { times, ...said };
  }

  socket(said = '') {
    const socket = net.connect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    if (said) socket.write(said);
    return socket;
  }
}

const SLOW = 'POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{';

/** Each begins, says what of it is worth a figure, and ends. */
const ATTACKS = {
  'slow bodies': async (bench) => {
    const sockets = Array.from({ length: 300 }, () => bench.socket(SLOW));
    await sleep(ATTACK_MS);
    return { end: () => sockets.forEach((socket) => socket.destroy()) };
  },
  'slow bodies over HTTP/2 in clear': async (bench) => {
    const sessions = Array.from({ length: 5 }, () => http2.connect(`http://127.0.0.1:${bench.port}`));
    let streams = 0;
    for (const session of sessions) {
      session.on('error', () => {});
      for (let count = 0; count < 64; count += 1) {
        const head = { ':method': 'POST', ':path': '/v1/session', 'content-type': 'application/json', 'content-length': '9000' };
        const stream = session.request(head);
        stream.on('error', () => {});
        stream.write('{');
        streams += 1;
      }
    }
    await sleep(ATTACK_MS);
    return { streams, end: () => sessions.forEach((session) => session.destroy()) };
  },
  'sign-ins opened and closed': async (bench) => {
    const body = JSON.stringify({ username: 'nobody', password: 'x', device: null, device_name: 'x' });
    for (let count = 0; count < 400; count += 1) {
      const name = body.replace('nobody', `nobody${count}`);
      const socket = bench.socket(`POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
      setTimeout(() => socket.destroy(), 20);
      await sleep(7);
    }
    return { end: () => {} };
  },
  'sign-ins at once': async (bench) => {
    const all = Array.from({ length: 400 }, (_, count) => bench.signIn(`nobody${count}`, 'x'));
    const answers = {};
    for (const { status } of await Promise.all(all)) answers[status] = (answers[status] ?? 0) + 1;
    return { answers, end: () => {} };
  },
  'connections that never speak': async (bench) => {
    const sockets = Array.from({ length: 1_300 }, () => bench.socket());
    await sleep(ATTACK_MS);
    return { end: () => sockets.forEach((socket) => socket.destroy()) };
  },
  'made-up names': async (bench) => {
    const until = performance.now() + 30_000;
    let names = 0;
    const one = async () => {
      while (names < 11_040 && performance.now() < until) await bench.signIn(`made-up-${names += 1}`, 'x');
    };
    await Promise.all(Array.from({ length: 16 }, one));
    const colleague = await bench.signIn('zhao', PASSWORD);
    return { names, colleague_signs_in: colleague.status === 200, end: () => {} };
  },
};

async function measure(name, attack) {
  const folder = await mkdtemp(join(tmpdir(), 'koumen-strangers-'));
  const bench = new Bench(folder, await freePort());
  try {
    await bench.start();
    const quiet = await bench.syncs((count) => count < 100);
    const before = await bench.memory();
    let is_over = false;
    const attacked = sleep(300).then(() => bench.syncs((count) => count < 3 || !is_over));
    const { end, ...figures } = await attack(bench);
    is_over = true;
    const during = await attacked;
    end();
    const ended = performance.now();
    const normal = Math.max(50, 2 * at(quiet.times, 0.95));
    let last = await bench.sync();
    while (!(last.ok && last.ms < normal) && performance.now() - ended < NORMAL_MS_MAX) {
      await sleep(100);
      last = await bench.sync();
    }
    const until_normal = performance.now() - ended;
    await sleep(3_000);
    const after = await bench.memory();
    console.log(JSON.stringify({
      attack: name,
      sync_p95_ms_quiet: round(at(quiet.times, 0.95)),
      sync_p95_ms_attacked: round(at(during.times, 0.95)),
      syncs_answered: during.answered,
      syncs_failed: during.failed,
      health_answered: during.health,
      memory_mib: { before: before.now, peak: after.peak, after: after.now },
      ms_until_normal: Math.round(until_normal),
      ...figures,
    }));
  } finally {
    if (bench.child) await bench.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const only = process.argv.slice(2);
for (const [name, attack] of Object.entries(ATTACKS)) {
  if (only.length === 0 || only.includes(name)) await measure(name, attack);
}
process.exit(0);
