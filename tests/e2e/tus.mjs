// The unmodified npm client tus-js-client against the real server process: no browser, no code of ours in between.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileUrlStorage, Upload } from 'tus-js-client';

import { Server, freePort, runToEnd } from './server.mjs';

const CHUNK_BYTES = 256 * 1024;
const RETRY_MS = [50, 100, 200, 400, 800, 1_600, 3_200];

/** Signs in on a new device; its token. */
async function signIn(server, { account, password }) {
  const reply = await fetch(`${server.origin}/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: account, password, device: null, device_name: 'tus-js-client' }),
  });
  assert.equal(reply.status, 200);
  return (await reply.json()).token;
}

/** An upload to its end: how many bytes went out, in how many requests of which method. */
async function send(setup, options = {}) {
  const { upload, done, sent } = begin(setup, options);
  if (setup.previous) upload.resumeFromPreviousUpload(setup.previous);
  upload.start();
  await done;
  return { url: upload.url, ...sent };
}

function begin({ server, token, photo, bytes }, options) {
  const sent = { requests: [], answers: [] };
  let upload;
  const done = new Promise((resolve, reject) => {
    upload = new Upload(bytes, {
      endpoint: `${server.origin}/v1/uploads`,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { hash: photo.hash, filetype: 'image/jpeg' },
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      onBeforeRequest: (request) => {
        sent.requests.push(request.getMethod());
        options.beforeRequest?.(request, sent);
      },
      onAfterResponse: (request, response) => {
        sent.answers.push(response.getStatus());
        return options.afterResponse?.(request, response, sent);
      },
      onError: reject,
      onSuccess: resolve,
      ...options.upload,
    });
  });
  // Whoever does not wait for the end of an upload is not told of it a second time.
  done.catch(() => {});
  return { upload, done, sent };
}

const count = (list, wanted) => list.filter((entry) => entry === wanted).length;

export async function tus({ settings, check }) {
  assert.ok(settings.photoWorld, 'KOUMEN_PHOTO_WORLD_BIN is not set; run this by: cargo xtask test --only browser');
  const folder = await mkdtemp(join(tmpdir(), 'koumen-tus-'));
  const world = JSON.parse(await runToEnd(settings.photoWorld, [join(folder, 'data'), join(folder, 'photos')]));
  const server = new Server({ program: settings.program, web: settings.web, folder, port: await freePort() });
  await server.start();
  const token = await signIn(server, world);
  const setups = [];
  for (const photo of world.photos) setups.push({ server, token, photo, bytes: await readFile(photo.file) });
  const [chunked, killed, resumed, ended, whole, posted, created, damaged] = setups;
  const get = (setup) => fetch(`${server.origin}/v1/photos/${setup.photo.hash}`, { headers: { Authorization: `Bearer ${token}` } });
  const arrived = async (setup) => {
    const reply = await get(setup);
    assert.equal(reply.status, 200);
    assert.ok(setup.bytes.equals(Buffer.from(await reply.arrayBuffer())), 'the photo is the one that was sent');
  };
  try {
    await check('a photo arrives in chunks of 256 KiB', async () => {
      const chunks = Math.ceil(chunked.bytes.length / CHUNK_BYTES);
      assert.ok(chunks >= 3, `${chunked.bytes.length} bytes`);
      const { requests } = await send(chunked);
      assert.deepEqual(requests, ['POST', ...Array(chunks).fill('PATCH')]);
      await arrived(chunked);
    });

    await check('one that is there already is not sent again', async () => {
      const { requests, answers } = await send(chunked, { upload: { uploadDataDuringCreation: true } });
      assert.deepEqual([requests, answers], [['POST'], [201]]);
    });

    await check('a photo arrives in one piece, and with the creation', async () => {
      const { requests } = await send(whole, { upload: { chunkSize: Number.POSITIVE_INFINITY } });
      assert.deepEqual(requests, ['POST', 'PATCH']);
      await arrived(whole);
      const during = await send(created, { upload: { uploadDataDuringCreation: true } });
      assert.deepEqual(during.requests, ['POST']);
      await arrived(created);
    });

    await check('a network that lets no PATCH through is gone around', async () => {
      const { requests } = await send(posted, { upload: { overridePatchMethod: true } });
      assert.equal(count(requests, 'POST'), requests.length);
      await arrived(posted);
    });

    await check('a server that is killed between chunks goes on where it stopped', async () => {
      let kills = 0;
      const { requests, answers } = await send(killed, {
        afterResponse: async (request) => {
          if (request.getMethod() !== 'PATCH' || kills >= 2) return;
          kills += 1;
          await server.kill();
          await server.start();
        },
      });
      assert.equal(kills, 2);
      await arrived(killed);
      const chunks = Math.ceil(killed.bytes.length / CHUNK_BYTES);
      // Every chunk is acknowledged once; what was tried on a dead connection is tried again.
      assert.equal(count(answers, 204), chunks, `${requests} ${answers}`);
    });

    await check('another process goes on with what one began', async () => {
      const urlStorage = () => new FileUrlStorage(join(folder, 'urls.json'));
      const fingerprint = async () => resumed.photo.hash;
      const options = { upload: { urlStorage: urlStorage(), fingerprint } };
      let told;
      const half = new Promise((resolve) => { told = resolve; });
      const { upload } = begin(resumed, {
        upload: { ...options.upload, onChunkComplete: (_size, accepted) => told(accepted) },
      });
      upload.start();
      const accepted = await half;
      await upload.abort();
      const [previous] = await urlStorage().findUploadsByFingerprint(resumed.photo.hash);
      assert.ok(previous.uploadUrl.includes('/v1/uploads/'));
      const { requests } = await send({ ...resumed, previous }, { upload: { ...options.upload, urlStorage: urlStorage() } });
      assert.equal(requests[0], 'HEAD');
      const left = Math.ceil((resumed.bytes.length - accepted) / CHUNK_BYTES);
      assert.ok(count(requests, 'PATCH') <= left, `${requests}: at most ${left} chunks were left`);
      await arrived(resumed);
    });

    await check('an upload that is ended is gone', async () => {
      const begun = new Promise((resolve) => {
        const { upload } = begin(ended, { upload: { onChunkComplete: () => resolve(upload) } });
        upload.start();
      });
      const upload = await begun;
      await upload.abort(true);
      const reply = await fetch(upload.url, { method: 'HEAD', headers: { Authorization: `Bearer ${token}`, 'Tus-Resumable': '1.0.0' } });
      assert.equal(reply.status, 404);
      assert.equal((await get(ended)).status, 404);
    });

    await check('other bytes, other people and other things are refused with a code', async () => {
      const refused = async (setup, options, status, code) => {
        const error = await send(setup, options).then(() => null, (thrown) => thrown);
        assert.ok(error?.originalResponse, `refused with ${status}`);
        assert.deepEqual([error.originalResponse.getStatus(), JSON.parse(error.originalResponse.getBody()).code], [status, code]);
      };
      const altered = Buffer.from(damaged.bytes);
      altered[altered.length - 100] ^= 1;
      await refused({ ...damaged, bytes: altered }, {}, 422, 'photo.hash');
      await refused({ ...damaged, photo: { hash: '0'.repeat(64) } }, {}, 404, 'photo.unknown');
      await refused({ ...damaged, bytes: Buffer.alloc(3 * 1024 * 1024) }, {}, 413, 'request.too_large');
      const strange = await signIn(server, { ...world, account: world.stranger });
      await refused({ ...chunked, token: strange }, {}, 404, 'photo.unknown');
      const metadata = { hash: damaged.photo.hash, filename: 'lamp.jpg' };
      await refused(damaged, { upload: { metadata } }, 400, 'upload.metadata');
    });
  } finally {
    await server.stop().catch((error) => console.error(String(error)));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
