// Texts that want to be programs stay texts.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';

import {
  addPhotos, beginVisit, by, editResident, go, openHousehold, reportIssue, shows, signIn, upToDate, walk,
} from './pages.mjs';
import { until } from './until.mjs';

const IMAGE = '<img src=x onerror="window.knocked=1">';
const SCRIPT = '<script>window.knocked=1</script>';
const CLOSING = '"><svg onload="window.knocked=1">';
const DOOR = '1-1-102';
/** Formats that the replica's own decoder does not know in the browser. */
const PICTURES = ['image/png', 'image/webp'];

/** Nothing of the texts became part of the page. */
async function harmless(page) {
  const found = await page.evaluate(() => ({
    knocked: window.knocked ?? 0,
    elements: document.querySelectorAll('body script:not([src]), img[src="x"], [onerror], [onload]').length,
  }));
  assert.deepEqual(found, { knocked: 0, elements: 0 });
}

/** The text stands on the screen as it was typed. */
async function readsAsTyped(page, ...texts) {
  for (const text of texts) {
    await page.locator('h1, main, dialog[open]').getByText(text, { exact: false }).first().waitFor();
  }
  await harmless(page);
}

async function hostileRecords(page) {
  await openHousehold(page, DOOR);
  await by(page, 'household-edit').click();
  await by(page, 'household-hours').fill(SCRIPT);
  await by(page, 'household-note').fill(IMAGE);
  await by(page, 'household-save').click();
  await shows(page, 'resident-add');
  await by(page, 'resident-add').click();
  await by(page, 'resident-name').fill(CLOSING);
  await by(page, 'resident-phone-1').fill(IMAGE);
  await by(page, 'resident-birth-year').fill(SCRIPT);
  await by(page, 'resident-save').click();
  await shows(page, 'error');
  await harmless(page);
  await by(page, 'resident-phone-1').fill('');
  await by(page, 'resident-birth-year').fill('');
  await by(page, 'resident-save').click();
  await shows(page, 'household');
  await by(page, 'report-issue').click();
  await reportIssue(page, { category: 'other', title: IMAGE, place: CLOSING, note: SCRIPT });
  await readsAsTyped(page, IMAGE, CLOSING, SCRIPT);
  await beginVisit(page, DOOR);
  await by(page, 'visit-note').fill(`${IMAGE}${SCRIPT}`);
  await by(page, 'visit-promise').fill(CLOSING);
  await by(page, 'visit-save').click();
  await shows(page, 'saved-next');
  await beginVisit(page, DOOR);
  await by(page, 'visit-note').fill(SCRIPT);
  await by(page, 'back').click();
}

export async function abuse({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const [zhao, sun] = ['zhao', 'sun'].map((person) => world.device(person));

  await chapter('every page and script comes with a policy that forbids foreign and inline scripts', async () => {
    await server.start();
    const scripts = (await readdir(server.web)).filter((name) => name.endsWith('.js')).map((name) => `/${name}`);
    for (const path of ['/', '/households', ...scripts]) {
      const reply = await fetch(server.origin + path);
      const policy = reply.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'self'/, path);
      assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/, path);
      assert.doesNotMatch(policy, /'unsafe-inline'|'unsafe-eval'|https?:/, path);
    }
  });

  await chapter('a script for a name is no way in', async () => {
    const page = await zhao.open('/');
    await by(page, 'sign-in-username').fill(IMAGE);
    await by(page, 'sign-in-password').fill(SCRIPT);
    await by(page, 'sign-in-submit').click();
    await shows(page, 'error');
    await harmless(page);
    // That the server said no is told by the browser, too; nothing else may be.
    assert.deepEqual(zhao.complaints.filter((text) => !text.includes('401')), []);
    zhao.complaints.length = 0;
  });

  await chapter('scripts typed into every field are shown as they were typed where they were typed', async () => {
    for (const device of [zhao, sun]) await signIn(device);
    const { page } = zhao;
    await hostileRecords(page);
    await walk(page, '/');
    await readsAsTyped(page, IMAGE, CLOSING, SCRIPT);
    await openHousehold(page, DOOR);
    await readsAsTyped(page, IMAGE, CLOSING, SCRIPT);
    await go(page, 'tab-households');
    await by(page, 'search').fill(SCRIPT);
    await shows(page, 'search-nothing');
    await harmless(page);
    for (const list of ['drafts', 'waiting', 'uploaded']) {
      await walk(page, '/outbox');
      await by(page, `outbox-tab-${list}`).click();
      await harmless(page);
    }
    await upToDate(page);
  });

  await chapter('a picture that only the browser can read becomes a photo; what is none is named', async () => {
    const { page } = zhao;
    await beginVisit(page, '1-1-201');
    const drawn = await page.evaluate(async (types) => Promise.all(types.map(async (type) => {
      const canvas = new OffscreenCanvas(2000, 1000);
      const context = canvas.getContext('2d');
      context.fillStyle = 'rgb(0 120 60)';
      context.fillRect(0, 0, 1000, 1000);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    })), PICTURES);
    const files = drawn.map((encoded, index) => (
      { name: `picture-${index}`, mimeType: PICTURES[index], buffer: Buffer.from(encoded, 'base64') }));
    await addPhotos(page, files.slice(0, 1));
    await by(page, 'photo').first().click();
    const large = page.locator('dialog[open] img');
    await until('the photo is shown in the size that is kept', () => large.evaluate(
      (image) => image.naturalWidth === 1600 && image.naturalHeight === 800));
    const [left, right] = await large.evaluate((image) => {
      const context = new OffscreenCanvas(1600, 800).getContext('2d');
      context.drawImage(image, 0, 0);
      return [400, 1200].map((x) => [...context.getImageData(x, 400, 1, 1).data]);
    });
    const near = (one, other) => one.every((part, index) => Math.abs(part - other[index]) < 10);
    assert.ok(near(left, [0, 120, 60, 255]), `${left}`);
    assert.ok(near(right, [255, 255, 255, 255]), `what was transparent is white, not ${right}`);
    await page.keyboard.press('Escape');
    await by(page, 'photo-files').setInputFiles({ name: 'letter.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('Dear all') });
    await shows(page, 'error');
    assert.equal(await page.getByTestId('photo').count(), 1);
    await by(page, 'visit-note').fill('两种图片');
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    await upToDate(page);
  });

  await chapter('and where others read them', async () => {
    const { page } = sun;
    await go(page, 'tab-log');
    await readsAsTyped(page, IMAGE);
    await page.getByTestId('visit-row').filter({ hasText: IMAGE }).first().locator('a').click();
    await shows(page, 'visit');
    await readsAsTyped(page, IMAGE, CLOSING);
    await go(page, 'tab-issues');
    await page.getByTestId('issue-row').filter({ hasText: IMAGE }).locator('a').click();
    await by(page, 'step-accepted').click();
    await by(page, 'step-note').fill(CLOSING);
    await by(page, 'step-save').click();
    await readsAsTyped(page, IMAGE, CLOSING, SCRIPT);
    await by(page, 'step-assigned').click();
    await by(page, 'step-unit').fill(SCRIPT);
    await by(page, 'step-save').click();
    await page.getByTestId('timeline-entry').filter({ hasText: SCRIPT }).waitFor();
    await harmless(page);
  });

  await chapter('also in a conflict', async () => {
    await server.stop();
    for (const [device, note] of [[zhao, IMAGE], [sun, SCRIPT]]) {
      await openHousehold(device.page, DOOR);
      await editResident(device.page, '武军刚', () => by(device.page, 'resident-name').fill(`武军刚${note}`));
    }
    await server.start();
    for (const { page } of [zhao, sun]) {
      await by(page, 'conflict-mark').click();
      await readsAsTyped(page, IMAGE, SCRIPT);
      await page.keyboard.press('Escape');
      await until('the sheet is closed', async () => await page.getByTestId('conflict-sheet').count() === 0);
    }
    for (const { complaints, strangers } of [zhao, sun]) assert.deepEqual([...complaints, ...strangers], []);
  });
}
