// Forms that cannot be read, written or saved: nothing is made of what was not read, nothing is called kept that is not
// written, and what is refused is said where it was typed.
import assert from 'node:assert/strict';

import { between, hold, idBytes, letGo, refuse, swap, text } from './between.mjs';
import { focused } from './inspect.mjs';
import { addPhotos, beginVisit, by, choose, openHousehold, pathOf, reportIssue, shows, signIn, walk } from './pages.mjs';
import { YARD, photoFile } from './photos.mjs';
import { until } from './until.mjs';
import { words } from './texts.mjs';
import { GRID } from './world.mjs';

const DOOR = '1-1-101';
const TAKEN = '1-1-102';
const MARK = '放不下的一句';
const IDENTITY = '110101199003078515';

const count = (page, id) => page.getByTestId(id).count();
const says = async (page, id) => (await by(page, id).innerText()).replace(/\s+/g, ' ');
const hasFocus = (page, id) => until(`${id} has the focus`, async () => (await focused(page)).id === id);
const draftRow = (page, part) => page.getByTestId('draft-row').filter({ hasText: part });

/** From wherever one is: a form has no tabs. */
async function home(page) {
  await walk(page, '/');
  await shows(page, 'start-visit');
}

async function begin(page, door) {
  await home(page);
  await beginVisit(page, door);
}

/** Throws the form away, and waits until it is left. */
async function discard(page, id) {
  await by(page, id).click();
  await shows(page, 'undo');
  await page.locator('.save-bar').waitFor({ state: 'detached' });
}

/** The one refusal on the screen stands at this field, which has the focus and can be seen above the bar. */
async function refusedAt(page, field, key, focus = field) {
  await hasFocus(page, focus);
  assert.equal(await count(page, 'error'), 1);
  assert.equal(await says(page, 'error'), words(key));
  const described = await by(page, field).getAttribute('aria-describedby');
  assert.equal(described, `${field}-error`);
  assert.equal(await by(page, field).getAttribute('aria-invalid'), 'true');
  const boxes = [by(page, focus), by(page, 'error'), page.locator('.save-bar'), page.locator('.top-bar')];
  const [at, error, bar, top] = await Promise.all(boxes.map((each) => each.boundingBox()));
  for (const [what, box] of [['the field', at], ['the refusal', error]]) {
    assert.ok(box.y >= top.y + top.height - 1 && box.y + box.height <= bar.y + 1, `${what} can be seen: ${key}`);
  }
}

async function shot(page, options, name) {
  if (!options.shots) return;
  for (const [size, viewport] of [['phone', { width: 412, height: 915 }], ['desk', { width: 1280, height: 800 }]]) {
    await page.setViewportSize(viewport);
    await page.screenshot({ path: `${options.shots}/refused-${size}-${name}.png` });
  }
  await page.setViewportSize({ width: 412, height: 915 });
}

export async function refused({ chapter, newWorld, options }) {
  const world = await newWorld();
  const [zhao, sun] = ['zhao', 'sun'].map((person) => world.device(person));
  zhao.initScripts.push([between, null]);
  let page;

  await chapter('a member signs in', async () => {
    await world.server.start();
    page = await signIn(zhao);
  });

  await chapter('保存 before a form is read waits, and makes nothing of it', async () => {
    await begin(page, DOOR);
    const form = pathOf(page);
    await by(page, 'visit-note').fill('都还好');
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    const draft = form.split('/')[2];
    await walk(page, '/settings');
    await shows(page, 'settings');
    await hold(page, idBytes(draft));
    await walk(page, form);
    await shows(page, 'visit-save');
    await by(page, 'visit-save').click({ force: true });
    await page.waitForTimeout(300);
    assert.equal(await by(page, 'visit-save').getAttribute('aria-busy'), 'true');
    assert.equal(await count(page, 'visit-note'), 0);
    await letGo(page);
    await shows(page, 'visit-note');
    assert.equal(await by(page, 'visit-note').inputValue(), '都还好');
    await page.waitForTimeout(300);
    assert.equal(pathOf(page), form, 'nothing was saved');
    await walk(page, `/visits/${draft}`);
    await shows(page, 'visit');
    assert.equal(await count(page, 'earlier'), 0, 'nothing was corrected');
    assert.ok((await says(page, 'visit')).includes('都还好'));
  });

  await chapter('a form that could not be read says so, and is read again by a tap', async () => {
    const [draft] = pathOf(page).split('/').slice(-1);
    const household = (await by(page, 'visit-household').getAttribute('href')).split('/').at(-1);
    await walk(page, '/settings');
    await shows(page, 'settings');
    await refuse(page, idBytes(draft));
    await walk(page, `/visit/${draft}/${household}`);
    await shows(page, 'form-read-again');
    assert.equal(await count(page, 'visit-save'), 0, 'there is nothing to save');
    await shot(page, options, 'unread');
    await letGo(page);
    await by(page, 'form-read-again').click();
    await shows(page, 'visit-note');
    assert.equal(await by(page, 'visit-note').inputValue(), '都还好');
    assert.equal(await count(page, 'error'), 0);
  });

  await chapter('what the phone has no room for is never called kept', async () => {
    await begin(page, DOOR);
    await refuse(page, text(MARK));
    await by(page, 'visit-note').fill(MARK);
    await shows(page, 'error');
    assert.ok((await says(page, 'error')).includes(words('error-storage-full')));
    assert.equal(await count(page, 'draft-kept'), 0);
    await shot(page, options, 'full');
    await by(page, 'visit-note').fill('短一点');
    await until('it is kept', async () => await count(page, 'draft-kept') === 1 && (await says(page, 'draft-kept')) === words('draft-kept'));
    assert.equal(await count(page, 'error'), 0);
    // What is a draft already is thrown away whatever became of its last letters.
    await by(page, 'visit-note').fill(MARK);
    await shows(page, 'error');
    await discard(page, 'visit-discard');
    await letGo(page);
  });

  await chapter('two windows are told of each other while one types, and 撤销 opens the own draft', async () => {
    await begin(page, DOOR);
    const form = pathOf(page);
    await by(page, 'visit-note').fill('两边');
    await until('it is kept', async () => await count(page, 'visit-discard') === 1);
    const other = await zhao.tab(form);
    await until('the other window has it', async () => await by(other, 'visit-note').inputValue() === '两边');
    await by(page, 'visit-note').fill('两边，先写的');
    await page.waitForTimeout(300);
    await by(other, 'visit-note').fill('两边，后写的');
    await shows(other, 'form-elsewhere');
    await discard(other, 'visit-discard');
    await by(other, 'undo').click();
    await until('its own words are back', async () => await count(other, 'visit-note') === 1 && await by(other, 'visit-note').inputValue() === '两边，后写的');
    await by(other, 'visit-discard').click();
    await shows(other, 'undo');
    await other.close();
    await discard(page, 'visit-discard');
  });

  await chapter('a photo that is put back is seen at once; one that cannot be taken out says so', async () => {
    await begin(page, DOOR);
    await by(page, 'visit-note').fill('有照片');
    await addPhotos(page, [await photoFile(YARD, 'IMG_1.jpg')]);
    await by(page, 'photo-remove').click();
    await until('it is out', async () => await count(page, 'photo') === 0);
    await by(page, 'undo').click();
    await until('it is back', async () => await count(page, 'photo') === 1);
    await refuse(page, idBytes(pathOf(page).split('/')[2]));
    await by(page, 'photo-remove').click();
    await shows(page, 'error');
    assert.equal(await count(page, 'photo'), 1);
    await letGo(page);
    await discard(page, 'visit-discard');
  });

  await chapter('what is refused is said at its field, which has the focus; typing takes it away', async () => {
    await home(page);
    await openHousehold(page, DOOR);
    await by(page, 'resident-add').click();
    await shows(page, 'resident-form');
    await by(page, 'resident-phone-2').fill('120');
    await by(page, 'resident-save').click();
    await refusedAt(page, 'resident-name', 'invalid-resident-name-missing');
    await shot(page, options, 'name');
    await by(page, 'resident-name').fill('欧');
    await until('the refusal is gone', async () => await count(page, 'error') === 0);
    await by(page, 'resident-phone-2').fill('138001');
    await by(page, 'resident-save').click();
    await refusedAt(page, 'resident-phone-2', 'invalid-resident-phone-impossible');
    await by(page, 'resident-phone-2').fill('');
    await by(page, 'resident-birth-month').fill('十三');
    await by(page, 'resident-save').click();
    await refusedAt(page, 'resident-birth-month', 'invalid-resident-birth-month-impossible');
    await discard(page, 'resident-discard');

    await begin(page, DOOR);
    await by(page, 'visit-note').fill(IDENTITY);
    await by(page, 'visit-save').click();
    await refusedAt(page, 'visit-note', 'invalid-text-identity-number');
    await by(page, 'visit-note').fill('很长'.repeat(3000));
    await by(page, 'visit-save').click();
    await refusedAt(page, 'visit-note', 'invalid-text-too-long');
    await discard(page, 'visit-discard');

    await walk(page, '/issue/new?household=&visit=');
    await shows(page, 'issue-form');
    await by(page, 'issue-save').click();
    await until('the first choice has the focus', async () => (await focused(page)).id?.startsWith('category-'));
    assert.equal(await says(page, 'error'), words('invalid-issue-category-missing'));
    await shot(page, options, 'category');
    await by(page, 'category-facilities').check();
    await by(page, 'issue-save').click();
    await refusedAt(page, 'issue-title', 'invalid-issue-title-missing');
    await discard(page, 'issue-discard');
  });

  await chapter('a door that is taken is said at the door, with the focus on the choice', async () => {
    await walk(page, `/household/new/${GRID}`);
    await by(page, 'household-save').click();
    await refusedAt(page, 'household-door', 'invalid-door-empty');
    await by(page, 'household-door').fill(TAKEN);
    await shows(page, 'same-door-another');
    await by(page, 'household-save').click();
    await refusedAt(page, 'household-door', 'invalid-household-door-taken', 'same-door-another');
    await shot(page, options, 'door');
    await by(page, 'same-door-another').check();
    await until('it is answered', async () => await count(page, 'error') === 0);
    await discard(page, 'household-discard');
  });

  await chapter('an issue that was begun at a door is at that door after the page was killed', async () => {
    await home(page);
    await openHousehold(page, DOOR);
    await by(page, 'report-issue').click();
    await shows(page, 'issue-form');
    await page.locator('.place-line').waitFor();
    const place = await page.locator('.place-line').innerText();
    assert.ok(place.includes(DOOR), place);
    await page.reload({ waitUntil: 'domcontentloaded' });
    await shows(page, 'issue-title');
    await page.locator('.place-line', { hasText: place }).waitFor();
    await reportIssue(page, { category: 'facilities', title: '门前灯坏了' });
    await shows(page, 'issue-household');
  });

  await chapter('a step that was begun is found and thrown away also when it cannot be taken any more', async () => {
    const issue = pathOf(page);
    await until('it is uploaded', async () => await by(page, 'sync-chip').getAttribute('data-state') === 'sync-up-to-date');
    const desk = await signIn(sun);
    await walk(desk, issue);
    await by(desk, 'step-accepted').click();
    await by(desk, 'step-save').click();
    await until('it is accepted', async () => await by(desk, 'issue-state').getAttribute('data-state') === 'accepted');
    await by(desk, 'step-in_progress').click();
    await by(desk, 'step-note').fill('电工明天来');
    await until('it is kept', async () => await count(desk, 'step-discard') === 1);
    await by(desk, 'sheet-close').click();
    await by(desk, 'step-resolved').click();
    await by(desk, 'step-save').click();
    await until('it is done', async () => await by(desk, 'issue-state').getAttribute('data-state') === 'resolved');
    assert.equal(await count(desk, 'step-in_progress'), 0);
    await walk(desk, '/outbox');
    await by(desk, 'outbox-tab-drafts').click();
    await draftRow(desk, '电工明天来').click();
    await shows(desk, 'step-late');
    assert.equal(await by(desk, 'step-note').inputValue(), '电工明天来');
    assert.equal(await count(desk, 'step-save'), 0);
    if (options.shots) await desk.screenshot({ path: `${options.shots}/refused-desk-step-late.png` });
    await by(desk, 'step-discard').click();
    await shows(desk, 'undo');
    assert.equal(pathOf(desk), issue);
    await by(desk, 'undo').click();
    await shows(desk, 'step-late');
    await by(desk, 'step-discard').click();
    await shows(desk, 'undo');
    await walk(desk, '/outbox');
    await by(desk, 'outbox-tab-drafts').click();
    await until('no draft is left', async () => await count(desk, 'draft-row') === 0);
  });

  await chapter('own work that a damaged disk took is said in plain words until it is read', async () => {
    await swap(page, ['theme', 'dark'], ['lost_here', '2']);
    await choose(page, 'theme', 'dark');
    await page.waitForTimeout(300);
    await letGo(page);
    await walk(page, '/');
    await page.reload({ waitUntil: 'domcontentloaded' });
    await shows(page, 'lost-here');
    assert.ok((await says(page, 'lost-here')).includes(words('lost-here').split('{ $count }')[0].trim()));
    await shot(page, options, 'lost-here');
    await walk(page, '/outbox');
    await shows(page, 'lost-here');
    await by(page, 'lost-here-read').click();
    await until('it is read', async () => await count(page, 'lost-here') === 0);
    await walk(page, '/');
    await shows(page, 'today');
    await page.reload({ waitUntil: 'domcontentloaded' });
    await shows(page, 'start-visit');
    await page.waitForTimeout(300);
    assert.equal(await count(page, 'lost-here'), 0);
  });

  await chapter('no page complained', async () => assert.deepEqual([...zhao.complaints, ...sun.complaints], []));
}
