// The server's description, held against the running server: schemathesis makes requests out of it, with the token of
// each role and with none. No answer may be a failure of the server, or one that the description does not know.
//
//   cargo xtask test --only unit       builds what is needed and runs this
//
// Needs KOUMEN_SERVER_BIN, KOUMEN_PHOTO_WORLD_BIN, and SCHEMATHESIS, the program `st`. EXAMPLES is how many requests
// are drawn for each operation, SEED repeats a run.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Server, freePort, runToEnd } from '../e2e/server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const GRID = '130803001001-01';
const COMMUNITY = '130803001001';
const CHECKS = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance', 'response_schema_conformance'];
/** Streams of notices do not end by themselves, and who signs out has no token for the next request. */
const APART = ['notices', 'sign_out'];
/** Too few operations for a segment, and nobody knows a password. */
const NEVER_WELL = ['GET /v1/segments/{area}', 'POST /v1/session'];
const EXAMPLES = process.env.EXAMPLES ?? '25';
const SEED = process.env.SEED ?? String(randomBytes(4).readUInt32BE());

async function signIn(server, account, password) {
  const reply = await fetch(`${server.origin}/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: account, password, device: null, device_name: 'schemathesis' }),
  });
  if (reply.status !== 200) throw new Error(`${account} cannot sign in: ${reply.status} ${await reply.text()}`);
  return (await reply.json()).token;
}

/** Sends one photo whole and begins the others; what the hooks need to name. */
async function fill(server, token, world) {
  const uploads = [];
  for (const [number, { file, hash }] of world.photos.entries()) {
    const bytes = await readFile(file);
    const metadata = `hash ${Buffer.from(hash).toString('base64')},filetype ${Buffer.from('image/jpeg').toString('base64')}`;
    const whole = number === 0;
    const reply = await fetch(`${server.origin}/v1/uploads`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(bytes.length),
        'Upload-Metadata': metadata,
        ...(whole ? { 'Content-Type': 'application/offset+octet-stream' } : {}),
      },
      body: whole ? bytes : null,
    });
    if (reply.status !== 201) throw new Error(`an upload was not begun: ${reply.status} ${await reply.text()}`);
    uploads.push(reply.headers.get('location').split('/').at(-1));
    world.metadata = [...(world.metadata ?? []), metadata];
    world.lengths = [...(world.lengths ?? []), String(bytes.length)];
  }
  // The photo that is there already more often than one that is not.
  const hashes = [world.photos[0].hash, world.photos[0].hash, world.photos[1].hash];
  world.requests.unshift(world.requests[0]);
  const bodies = [(await readFile(world.photos[0].file)).toString('hex')];
  const supervisor = await signIn(server, 'ines', world.password);
  const parked = await fetch(`${server.origin}/v1/parked`, { headers: { Authorization: `Bearer ${supervisor}` } });
  const places = (await parked.json()).map(({ place }) => place);
  if (places.length === 0) throw new Error('nothing is set aside');
  return { ...world, places, uploads: uploads.slice(1), hashes, bodies, areas: [GRID, COMMUNITY], versions: ['1.0.0'], offsets: ['0'], methods: ['DELETE'] };
}

/** The description without what `GET /v1/me` answers to somebody without a token, as a file. */
async function lacking(server, folder) {
  const description = await (await fetch(`${server.origin}/openapi.json`)).json();
  delete description.paths['/v1/me'].get.responses['401'];
  const file = join(folder, 'lacking.json');
  await writeFile(file, JSON.stringify(description));
  return file;
}

/** Whether the server's log has an answer below 300 for every described operation that was tried; says which lack one. */
async function answeredWell(server) {
  const description = await (await fetch(`${server.origin}/openapi.json`)).json();
  const operations = Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([, { operationId }]) => operationId && !APART.includes(operationId)).map(([method]) => `${method.toUpperCase()} ${path}`));
  const log = await readFile(server.log, 'utf8');
  const well = new Set([...log.matchAll(/method=(\S+) route="([^"]+)" status=2\d\d/g)].map(([, method, route]) => `${method} ${route}`));
  const never = operations.filter((operation) => !well.has(operation) && !NEVER_WELL.includes(operation));
  if (never.length > 0) console.log(`never answered well: ${never.join(', ')}`);
  return never.length === 0;
}

/** One run of schemathesis; whether all was well. Held against another `description` it is a control, and says nothing. */
async function attempt(role, server, worldFile, words, description) {
  const child = spawn(process.env.SCHEMATHESIS, [
    'run', description ?? `${server.origin}/openapi.json`,
    '--url', server.origin,
    '--checks', CHECKS.join(','),
    '--phases', 'examples,coverage,fuzzing',
    '--max-examples', EXAMPLES,
    '--seed', SEED,
    '--continue-on-failure',
    '--suppress-health-check', 'all',
    '--request-timeout', '20',
    '--generation-database', 'none',
    '--warnings', 'off',
    '--no-color',
    ...words,
  ], { cwd: here, env: { ...process.env, KOUMEN_API_WORLD: worldFile, KOUMEN_API_DICE: `${SEED} ${role}`, SCHEMATHESIS_HOOKS: 'hooks', PYTHONDONTWRITEBYTECODE: '1' } });
  const said = [];
  child.stdout.on('data', (bytes) => said.push(bytes));
  child.stderr.on('data', (bytes) => said.push(bytes));
  const code = await new Promise((done, failed) => child.once('error', failed).once('close', done));
  const text = Buffer.concat(said).toString('utf8');
  if (description) return !text.includes('Undocumented status code');
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} the description as ${role}: ${/\d+ generated[^\n]*/.exec(text)?.[0] ?? 'nothing was asked'} (EXAMPLES=${EXAMPLES} SEED=${SEED})`);
  // A run that asked nothing proves nothing.
  if (code === 0 && /[1-9]\d* generated/.test(text)) return true;
  console.log(text);
  return false;
}

const folder = await mkdtemp(join(tmpdir(), 'koumen-api-'));
let [passed, failed] = [0, 0];
const server = new Server({ program: process.env.KOUMEN_SERVER_BIN, web: join(folder, 'web'), folder, port: await freePort() });
try {
  await mkdir(server.web);
  await writeFile(join(server.web, 'index.html'), '<!doctype html>');
  const world = JSON.parse(await runToEnd(process.env.KOUMEN_PHOTO_WORLD_BIN, [server.data, join(folder, 'photos')]));
  for (const [account, role] of [['ines', 'supervisor'], ['olga', 'admin']]) {
    await server.command(['user', 'add', account, '--display', account, '--role', role, '--area', COMMUNITY, '--password-stdin'], `${world.password}\n`);
  }
  await server.start();
  // Uploads are of a device: the member goes on with the session that began them.
  const member = await signIn(server, world.account, world.password);
  const filled = await fill(server, member, world);
  const worldFile = join(folder, 'world.json');
  await writeFile(worldFile, JSON.stringify(filled));
  const apart = APART.flatMap((operation) => ['--exclude-operation-id', operation]);
  const roles = { nobody: null, 'a member': world.account, 'a member of another community': world.stranger, 'a supervisor': 'ines', 'an administrator': 'olga' };
  for (const [role, account] of Object.entries(roles)) {
    const token = account === world.account ? member : account && await signIn(server, account, world.password);
    const words = token ? ['-H', `Authorization: Bearer ${token}`] : [];
    if (await attempt(role, server, worldFile, [...words, ...apart])) passed += 1;
    else failed += 1;
  }
  const last = await signIn(server, world.account, world.password);
  if (await attempt('somebody who signs out', server, worldFile, ['-H', `Authorization: Bearer ${last}`, '--include-operation-id', 'sign_out'])) passed += 1;
  else failed += 1;
  for (const [title, good] of [
    ['every operation was also answered well, so that its whole way was tried', await answeredWell(server)],
    ['a description that lacks an answer is noticed (control)', !(await attempt('nobody, with an answer missing', server, worldFile, [...apart, '--include-operation-id', 'me'], await lacking(server, folder)))],
  ]) {
    console.log(`${good ? 'ok  ' : 'FAIL'} ${title}`);
    if (good) passed += 1;
    else failed += 1;
  }
  await server.stop();
} catch (error) {
  failed += 1;
  console.log(`FAIL the description could not be tried\n${error.stack ?? error}`);
  if (server.running) await server.kill();
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
