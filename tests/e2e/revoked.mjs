// An administrator revokes a phone with unsent work on it: nobody can read it any more, and nothing of it is lost (F18).
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { DESK, PHONE } from './device.mjs';
import { faults } from './inspect.mjs';
import { beginVisit, by, openHousehold, outbox, recordVisit, shows, signIn, upToDate, walk } from './pages.mjs';
import { YARD, photoFile } from './photos.mjs';
import { until } from './until.mjs';
import { LANGUAGES, words } from './texts.mjs';

const DOOR = '1-1-201';
const UNSENT = '撤销前写下的：药只够吃三天';
const HALF = '写到一半：对门的灯也不亮';

/** Which of these words stand in the files that the browser keeps for pages. */
async function readable(device, sought) {
  const files = await readdir(join(device.folder, 'Default/File System'), { recursive: true, withFileTypes: true });
  const contents = await Promise.all(files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))));
  return sought.filter((word) => contents.some((bytes) => bytes.includes(word)));
}

export async function revoked({ chapter, newWorld, options }) {
  const world = await newWorld();
  const { server } = world;
  const zhao = world.device('zhao');
  let door = '';

  await chapter('what was written lies on the phone', async () => {
    await server.start();
    const page = await signIn(zhao);
    door = await openHousehold(page, DOOR);
    await server.stop();
    await recordVisit(page, { door: DOOR, note: UNSENT, photos: [await photoFile(YARD, 'yard.jpg')] });
    await beginVisit(page, DOOR);
    await by(page, 'visit-note').fill(HALF);
    await shows(page, 'draft-kept');
    await walk(page, '/');
    await shows(page, 'draft-row');
    await zhao.close();
    assert.deepEqual(await readable(zhao, [UNSENT, HALF]), [UNSENT, HALF]);
  });

  await chapter('once it meets the server, nothing of it can be read, on the screen or in the files', async () => {
    const [id] = (await server.command(['device', 'list'])).split('\t');
    await server.command(['device', 'revoke', id]);
    await server.start();
    const page = await zhao.open('/');
    await shows(page, 'sealed');
    const text = await by(page, 'sealed').innerText();
    for (const part of [zhao.display, '2', '1']) assert.ok(text.includes(part), text);
    assert.equal(await by(page, 'sign-in-username').inputValue(), 'zhao');
    if (options.shots) await mkdir(options.shots, { recursive: true });
    for (const [size, viewport] of [['phone', PHONE], ['desk', DESK]]) {
      await page.setViewportSize(viewport);
      for (const language of LANGUAGES) {
        await by(page, `language-${language}`).check();
        await page.getByText(words('sign-in-username', language), { exact: true }).waitFor();
        assert.deepEqual(await faults(page), []);
        if (options.shots) await page.screenshot({ path: join(options.shots, `sealed-${size}-${language}.png`) });
      }
    }
    await by(page, 'language-zh-CN').check();
    await page.setViewportSize(zhao.viewport);
    await page.goto(server.origin + door, { waitUntil: 'domcontentloaded' });
    await shows(page, 'sealed');
    assert.equal(await page.getByText(DOOR).count(), 0);
    await zhao.close();
    assert.deepEqual(await readable(zhao, [UNSENT, HALF, DOOR]), []);
  });

  await chapter('somebody else is not let in', async () => {
    const page = await zhao.open('/');
    await shows(page, 'sealed');
    await by(page, 'sign-in-username').fill('qian');
    await by(page, 'sign-in-password').fill(zhao.password);
    await by(page, 'sign-in-submit').click();
    await shows(page, 'error');
    assert.ok((await by(page, 'error').innerText()).includes(words('error-other-worker')));
  });

  await chapter('its worker signs in, and everything is there and goes up', async () => {
    const { page } = zhao;
    await by(page, 'sign-in-username').fill('zhao');
    await by(page, 'sign-in-password').fill(zhao.password);
    await by(page, 'sign-in-submit').click();
    await shows(page, 'draft-row');
    await by(page, 'draft-row').getByRole('link').first().click();
    await shows(page, 'visit-form');
    await until('the form is filled', async () => (await by(page, 'visit-note').inputValue()) === HALF);
    await walk(page, '/');
    await upToDate(page);
    const uploaded = await outbox(page, 'uploaded');
    assert.ok(uploaded.some((entry) => entry.includes(DOOR)), uploaded.join('\n'));
    const qian = world.device('qian');
    const other = await signIn(qian);
    await openHousehold(other, DOOR);
    await other.getByTestId('visit-row').filter({ hasText: UNSENT }).waitFor();
    assert.deepEqual([...zhao.complaints.filter((each) => !each.includes('401')), ...qian.complaints], []);
  });
}
