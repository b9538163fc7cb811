// A row that went bad in the browser's own files is noticed within a week, and taken anew from the server (D7).
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { idle, openHousehold, recordVisit, shows, signIn, syncNow, upToDate, walk } from './pages.mjs';

const DOOR = '1-1-201';
const WRITTEN = '降压药每天早上一片';
/** As many bytes, so that nothing else in the files moves. */
const DAMAGED = '降压药每天早上三片';
const WEEK_MS = 7 * 24 * 3_600_000;

/** Puts other words in the place of these in the files that the closed browser keeps for pages; how often they stood there. */
async function damage(device, words, others) {
  const [from, to] = [Buffer.from(words), Buffer.from(others)];
  assert.equal(from.length, to.length);
  const entries = await readdir(join(device.folder, 'Default/File System'), { recursive: true, withFileTypes: true });
  let found = 0;
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    const before = found;
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
      to.copy(bytes, at);
      found += 1;
    }
    if (found > before) await writeFile(file, bytes);
  }
  return found;
}

/** From now on it is later for the app's database, which reads the time in its worker. */
async function comeLater(page, ms) {
  const workers = page.workers();
  assert.equal(workers.length, 1);
  await workers[0].evaluate((more) => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + more;
  }, ms);
}

/** Lets the phone and the server talk until nothing is left to do. A phone whose clock is wrong says so, and talks. */
async function sync(page) {
  await walk(page, '/outbox');
  await syncNow(page);
  await idle(page);
}

/** The visit on the household's page. */
const visit = (page, note) => page.getByTestId('visit-row').filter({ hasText: note });

export async function verify({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const [zhao, qian] = ['zhao', 'qian'].map((name) => world.device(name));

  await chapter('two phones hold the same visit', async () => {
    await server.start();
    const page = await signIn(zhao);
    await recordVisit(page, { door: DOOR, note: WRITTEN });
    await upToDate(page);
    const other = await signIn(qian);
    await openHousehold(other, DOOR);
    await visit(other, WRITTEN).waitFor();
    await zhao.close();
    await qian.close();
  });

  await chapter('a word that went bad in the files of one is shown, and an ordinary sync does not notice', async () => {
    assert.ok(await damage(qian, WRITTEN, DAMAGED) > 0, 'the words do not stand in the files');
    const page = await qian.open('/');
    await shows(page, 'start-visit');
    await sync(page);
    await openHousehold(page, DOOR);
    await visit(page, DAMAGED).waitFor();
    assert.equal(await visit(page, WRITTEN).count(), 0);
  });

  await chapter('a week later the phone is compared with the server, and the visit is as it was written', async () => {
    const { page } = qian;
    await comeLater(page, WEEK_MS);
    await sync(page);
    await openHousehold(page, DOOR);
    await visit(page, WRITTEN).waitFor();
    assert.equal(await visit(page, DAMAGED).count(), 0);
    assert.equal(await server.figures().then(({ parked }) => parked), 0);
    assert.deepEqual([...zhao.complaints, ...qian.complaints], []);
  });
}
