// What is typed once is never lost: forms that are left, opened again, opened twice, thrown away and taken back; saved
// records that are corrected and taken back.
import assert from 'node:assert/strict';

import { addPhotos, beginVisit, by, go, openHousehold, pathOf, shows, signIn, walk } from './pages.mjs';
import { YARD, photoFile } from './photos.mjs';
import { until } from './until.mjs';
import { GRID } from './world.mjs';

const DOOR = '1-1-101';
const OTHER = '1-1-102';
/** So far from what saves stands what throws away, at least. */
const SLIP_PX = 40;

const value = (page, id) => by(page, id).inputValue();
const holds = (page, id, text) => until(`${id} holds “${text}”`, async () => await value(page, id) === text);
const draftRow = (page, text) => page.getByTestId('draft-row').filter({ hasText: text });
const visitRow = (page, text) => page.getByTestId('visit-row').filter({ hasText: text });

/** Types, and waits until a list of half-done work has it. */
async function leaveHalfDone(page, id, text) {
  await by(page, id).fill(text);
  await by(page, 'back').click();
  await walk(page, '/');
  await draftRow(page, text).waitFor();
}

/** The bar at the bottom lies over nothing that can be tapped. */
async function barCoversNothing(page) {
  // Where it comes to rest.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  const covered = await page.evaluate(() => {
    const bar = document.querySelector('.toast').getBoundingClientRect();
    const controls = [...document.querySelectorAll('.tabs a, .save-bar button, .top-bar button')];
    return controls.filter((control) => {
      const box = control.getBoundingClientRect();
      return box.width > 0 && box.top < bar.bottom && box.bottom > bar.top && box.left < bar.right && box.right > bar.left;
    }).map((control) => control.dataset.testid ?? control.textContent);
  });
  assert.deepEqual(covered, []);
}

export async function forms({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const zhao = world.device('zhao');
  const photos = [await photoFile(YARD, 'IMG_1.jpg')];

  await chapter('a member signs in, and the server goes away', async () => {
    await server.start();
    await signIn(zhao);
    await server.stop();
  });

  await chapter('a form that nobody touched is no visit, and the first word says that somebody was met', async () => {
    const { page } = zhao;
    await beginVisit(page, DOOR);
    const isMet = () => by(page, 'outcome-met').isChecked();
    assert.equal(await isMet(), false);
    await by(page, 'visit-save').click();
    await page.locator('#outcome-error').waitFor();
    await by(page, 'visit-note').fill('在');
    await until('it says so', isMet);
    await by(page, 'visit-note').fill('');
    await by(page, 'visit-discard').click();
    await openHousehold(page, DOOR);
    assert.equal(await page.getByTestId('visit-row').count(), 0);
  });

  await chapter('a form whose visit is saved is opened again by its address: what is typed corrects the visit', async () => {
    const { page } = zhao;
    await beginVisit(page, DOOR);
    const form = pathOf(page);
    await by(page, 'visit-note').fill('第一次写的');
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    await walk(page, form);
    await shows(page, 'form-correction');
    await holds(page, 'visit-note', '第一次写的');
    await by(page, 'visit-note').fill('第一次写的，后来又补了一句');
    await by(page, 'visit-save').click();
    await openHousehold(page, DOOR);
    await visitRow(page, '后来又补了一句').waitFor();
    assert.equal(await page.getByTestId('visit-row').count(), 1, 'it is one visit');
  });

  await chapter('two windows on one form: neither overwrites the other', async () => {
    const { page } = zhao;
    await beginVisit(page, DOOR);
    const form = pathOf(page);
    await by(page, 'visit-note').fill('两个窗口');
    await until('it is kept', async () => await by(page, 'visit-discard').count() === 1);
    const other = await zhao.tab(form);
    await holds(other, 'visit-note', '两个窗口');
    await by(page, 'visit-note').fill('两个窗口，这边');
    await by(page, 'back').click();
    await walk(page, '/');
    await draftRow(page, '这边').waitFor();
    await by(other, 'visit-note').fill('两个窗口，那边');
    await by(other, 'back').click();
    await walk(other, '/');
    await draftRow(other, '那边').waitFor();
    await draftRow(other, '这边').waitFor();
    await other.close();
    for (const text of ['这边', '那边']) {
      await walk(page, '/outbox');
      await by(page, 'outbox-tab-drafts').click();
      await draftRow(page, text).click();
      await by(page, 'visit-save').click();
      await shows(page, 'household');
      await visitRow(page, text).waitFor();
    }
  });

  await chapter('what is typed about a household is there after back, also after the browser was killed', async () => {
    let { page } = zhao;
    const household = await openHousehold(page, OTHER);
    await by(page, 'household-edit').click();
    await shows(page, 'household-form');
    await leaveHalfDone(page, 'household-note', '门铃坏了，请敲');
    await walk(page, household);
    await by(page, 'household-edit').click();
    await holds(page, 'household-note', '门铃坏了，请敲');
    await zhao.kill();
    page = await zhao.open('/');
    await draftRow(page, '门铃坏了').click();
    await holds(page, 'household-note', '门铃坏了，请敲');
    await by(page, 'household-save').click();
    // Back to where it was opened.
    await shows(page, 'today');
    await walk(page, household);
    await page.locator('.wish', { hasText: '门铃坏了，请敲' }).waitFor();
  });

  await chapter('a new household and a new resident are drafts from the first letter on', async () => {
    const { page } = zhao;
    await walk(page, `/household/new/${GRID}`);
    await shows(page, 'household-form');
    await leaveHalfDone(page, 'household-door', '1-1-909');
    await page.reload({ waitUntil: 'domcontentloaded' });
    await draftRow(page, '1-1-909').click();
    await holds(page, 'household-door', '1-1-909');
    await by(page, 'household-save').click();
    await shows(page, 'household');
    const fresh = pathOf(page);
    await by(page, 'resident-add').click();
    await shows(page, 'resident-form');
    await by(page, 'resident-phone-1').fill('120 0000 0044');
    await leaveHalfDone(page, 'resident-name', '欧阳小满');
    await draftRow(page, '欧阳小满').click();
    await holds(page, 'resident-phone-1', '120 0000 0044');
    await by(page, 'resident-save').click();
    await shows(page, 'today');
    await walk(page, fresh);
    await page.getByTestId('resident').filter({ hasText: '欧阳小满' }).waitFor();
  });

  await chapter('不要了 takes a visit with note and photo away, and one tap brings it back whole', async () => {
    const { page } = zhao;
    await beginVisit(page, OTHER);
    await by(page, 'visit-note').fill('一不小心点错');
    await addPhotos(page, photos);
    await by(page, 'visit-discard').scrollIntoViewIfNeeded();
    const [discard, save] = [await by(page, 'visit-discard').boundingBox(), await by(page, 'visit-save').boundingBox()];
    assert.ok(save.y - (discard.y + discard.height) >= SLIP_PX || discard.y > save.y + save.height, 'a slip beside 保存 throws nothing away');
    await by(page, 'visit-discard').click();
    await shows(page, 'undo');
    await barCoversNothing(page);
    assert.equal(await page.getByTestId('toast').getAttribute('aria-live'), 'polite');
    await by(page, 'undo').click();
    await shows(page, 'visit-form');
    await holds(page, 'visit-note', '一不小心点错');
    await until('the photo is back', async () => await page.getByTestId('photo').count() === 1);
  });

  await chapter('a photo that was taken out is put back', async () => {
    const { page } = zhao;
    await by(page, 'photo-remove').click();
    await until('it is out', async () => await page.getByTestId('photo').count() === 0);
    await barCoversNothing(page);
    await by(page, 'undo').click();
    await until('the photo is back at once', async () => await page.getByTestId('photo').count() === 1);
    await walk(page, '/');
    await draftRow(page, '一不小心点错').click();
    await until('the photo is kept', async () => await page.getByTestId('photo').count() === 1);
  });

  await chapter('thrown away and left alone, it lies in the bin and comes back from there', async () => {
    const { page } = zhao;
    await by(page, 'visit-discard').click();
    await shows(page, 'undo');
    await zhao.close();
    const again = await zhao.open('/removed');
    const row = again.getByTestId('thrown-row').filter({ hasText: '一不小心点错' });
    assert.ok((await row.innerText()).includes(OTHER), 'with its door');
    await row.getByTestId('thrown-back').click();
    await shows(again, 'visit-form');
    await holds(again, 'visit-note', '一不小心点错');
    await until('the photo is back', async () => await again.getByTestId('photo').count() === 1);
    await by(again, 'visit-save').click();
    await shows(again, 'saved-next');
  });

  await chapter('a visit is corrected: what it said before stays readable', async () => {
    const { page } = zhao;
    await openHousehold(page, OTHER);
    await visitRow(page, '一不小心点错').locator('a').first().click();
    await by(page, 'visit-correct').click();
    await shows(page, 'form-correction');
    await holds(page, 'visit-note', '一不小心点错');
    assert.equal(await page.getByTestId('photo').count(), 1, 'its photo is shown');
    await by(page, 'visit-note').fill('没有点错');
    await by(page, 'visit-save').click();
    await shows(page, 'visit');
    await page.getByTestId('earlier').locator('summary').click();
    const said = await by(page, 'earlier-row').innerText();
    assert.ok(said.includes('一不小心点错') && said.includes(zhao.display), said);
    assert.match(said, /\d\d:\d\d/);
  });

  await chapter('taken back, it comes back at once or from the bin', async () => {
    const { page } = zhao;
    const visit = pathOf(page);
    await by(page, 'visit-take-back').click();
    await shows(page, 'undo');
    await shows(page, 'household');
    await until('the visit is gone', async () => await visitRow(page, '没有点错').count() === 0);
    await barCoversNothing(page);
    await by(page, 'undo').click();
    await visitRow(page, '没有点错').waitFor();
    await walk(page, visit);
    await by(page, 'visit-take-back').click();
    await shows(page, 'household');
    await walk(page, '/removed');
    await by(page, 'removed-back').click();
    await walk(page, visit);
    await shows(page, 'visit-correct');
  });

  await chapter('a household is taken back only when nothing hangs on it, and says so', async () => {
    const { page } = zhao;
    await openHousehold(page, OTHER);
    await by(page, 'household-take-back').click();
    await shows(page, 'error');
    await walk(page, `/household/new/${GRID}`);
    await by(page, 'household-door').fill('1-1-910');
    await by(page, 'household-save').click();
    await shows(page, 'household');
    const household = pathOf(page);
    await by(page, 'household-take-back').click();
    await shows(page, 'undo');
    await by(page, 'undo').click();
    await walk(page, household);
    await shows(page, 'record-visit');
  });

  await chapter('a promise that was not kept after all is open again', async () => {
    const { page } = zhao;
    await beginVisit(page, OTHER);
    await by(page, 'visit-promise').fill('带灯泡来');
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    await go(page, 'tab-today');
    const row = page.getByTestId('promise-row').filter({ hasText: '带灯泡来' });
    await row.getByTestId('promise-kept').click();
    await until('it is kept', async () => await row.count() === 0);
    await by(page, 'undo').click();
    await row.waitFor();
  });

  await chapter('everything reaches the server, and nothing complained', async () => {
    await server.start();
    await until('everything is uploaded', async () => await by(zhao.page, 'sync-chip').getAttribute('data-state') === 'sync-up-to-date');
    assert.equal((await server.figures()).parked, 0);
    assert.deepEqual([...zhao.complaints, ...zhao.strangers], []);
  });
}
