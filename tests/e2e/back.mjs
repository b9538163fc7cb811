// Back is back: whichever way leads back to a list, it is found as it was left: how far it was scrolled, what was typed and
// chosen. A list that is opened anew begins anew.
import assert from 'node:assert/strict';

import { beginVisit, by, reportIssue, shows, signIn, upToDate, walk } from './pages.mjs';
import { until } from './until.mjs';
import { PHONE } from './device.mjs';
import { GRID } from './world.mjs';

const BUILDING = '1';
/** Where the visits were that the lists show. */
const DOORS = ['1-1-101', '1-1-102', '1-1-201', '1-1-301', '1-1-302', '1-1-401', '1-1-501', '1-1-502'];
/** So low that every list can be scrolled. */
const LOW = { width: 412, height: 420 };
/** Heights are rounded. */
const PX = 2;

const scrolled = (page) => page.evaluate(() => scrollY);

/** Scrolls the page and waits until it stands there. */
async function scrollTo(page, y) {
  await until(`it can be scrolled to ${y}`, () => page.evaluate((to) => {
    scrollTo(0, to);
    return Math.abs(scrollY - to) < 1;
  }, y));
}

/** Clicks the first of these that is in view, by the mouse: a click on an element may scroll the page before. */
async function clickInView(page, id, inside) {
  const at = await page.getByTestId(id).evaluateAll((rows, part) => {
    const [head, bar] = [document.querySelector('.top-bar'), document.querySelector('.tabs')].map((each) => each.getBoundingClientRect());
    const boxes = rows.map((row) => (part ? row.querySelector(part) : row).getBoundingClientRect());
    const box = boxes.find(({ top, bottom, width }) => width > 0 && top >= head.bottom && bottom <= bar.top);
    return box && [box.x + box.width / 2, box.y + box.height / 2];
  }, inside);
  assert.ok(at, `no ${id} is in view`);
  await page.mouse.click(...at);
}

const WAYS = {
  'the browser': (page) => page.goBack(),
  'the arrow on the page': (page) => by(page, 'back').click(),
};

/**
 * A list, how it is put into a state that is worth keeping, how it is left, and what of it can be compared.
 *
 * @typedef {{ name: string, path: string, id: string, set: Function, leave: Function, look: Function }} List
 */

/** Opens the list anew, puts it into its state; what it looks like then. */
async function prepare(page, list) {
  await walk(page, '/settings');
  await shows(page, 'settings');
  await walk(page, list.path);
  await shows(page, list.id);
  const fresh = await list.look(page);
  await list.set(page);
  await scrollTo(page, list.scroll);
  const left = { ...await list.look(page), scroll: await scrolled(page) };
  assert.notDeepEqual(left, { ...fresh, scroll: 0 });
  return { fresh, left };
}

async function isAsLeft(page, list, left, way) {
  await shows(page, list.id);
  await until(`${list.name} is found as it was left, by ${way}`, async () => {
    const { scroll, ...now } = { ...await list.look(page), scroll: await scrolled(page) };
    const { scroll: before, ...then } = left;
    assert.deepEqual(now, then);
    assert.ok(Math.abs(scroll - before) <= PX, `scrolled to ${scroll}, left at ${before}`);
    return true;
  });
}

/** The list is found as it was left; and is not, once its entry in the history has lost its number. */
async function comesBack(page, list) {
  for (const [way, back] of Object.entries(WAYS)) {
    const { left } = await prepare(page, list);
    await list.leave(page);
    await back(page);
    await isAsLeft(page, list, left, way);
  }
  const { fresh } = await prepare(page, list);
  await page.evaluate(() => history.replaceState({}, ''));
  await list.leave(page);
  await page.goBack();
  await shows(page, list.id);
  await until(`${list.name} begins anew`, async () => {
    assert.deepEqual(await list.look(page), fresh);
    return await scrolled(page) === 0;
  });
}

const nothing = async () => {};
const toHousehold = (id, inside) => async (page) => {
  await clickInView(page, id, inside);
  await shows(page, 'household');
  await shows(page, 'record-visit');
};

const search = {
  name: 'the search',
  path: '/households',
  id: 'search',
  scroll: 300,
  look: async (page) => ({ text: await by(page, 'search').inputValue() }),
  set: async (page) => {
    await by(page, 'search').fill('赵');
    await shows(page, 'search-hit');
  },
  leave: toHousehold('search-hit'),
};
const front = {
  name: 'the building',
  path: `/households/${GRID}/${BUILDING}`,
  id: 'unit-tab',
  scroll: 130,
  look: (page) => page.getByTestId('unit-tab').evaluateAll((tabs) => tabs.map((tab) => tab.getAttribute('aria-pressed'))),
  set: (page) => page.getByTestId('unit-tab').nth(2).click(),
  leave: toHousehold('door'),
};
const issues = {
  name: 'the issues',
  path: '/issues',
  id: 'issue-row',
  scroll: 240,
  look: async (page) => ({ all: await by(page, 'issue-open-all').isChecked(), category: await by(page, 'issue-filter-category').inputValue() }),
  set: async (page) => {
    await by(page, 'issue-open-all').check();
    await by(page, 'issue-filter-category').selectOption('facilities');
    await shows(page, 'issue-row');
  },
  leave: async (page) => {
    await clickInView(page, 'issue-row', 'a');
    await shows(page, 'timeline');
  },
};
const log = {
  name: 'the log',
  path: '/log',
  id: 'visit-row',
  scroll: 420,
  look: async (page) => ({ today: await by(page, 'log-period-today').isChecked(), outcome: await by(page, 'log-outcome').inputValue() }),
  set: async (page) => {
    await by(page, 'log-period-today').check();
    await by(page, 'log-outcome').selectOption('met');
    await shows(page, 'visit-row');
  },
  leave: async (page) => {
    await clickInView(page, 'visit-row', 'a');
    await shows(page, 'visit-household');
  },
};

export async function back({ chapter, newWorld }) {
  const world = await newWorld();
  const [zhao, sun] = ['zhao', 'sun'].map((person) => world.device(person));
  let page;

  await chapter('there is something to come back to', async () => {
    await world.server.start();
    page = await signIn(zhao);
    for (const [index, door] of DOORS.entries()) {
      await beginVisit(page, door);
      await by(page, 'visit-note').fill('说了会儿话');
      if (index < 3) await by(page, 'visit-promise').fill(`带血压计来 ${index}`);
      await by(page, 'visit-save').click();
      await shows(page, 'saved-next');
    }
    for (const title of ['楼道灯不亮', '门禁坏了', '扶手松了', '窗户关不上']) {
      await walk(page, '/issue/new?household=&visit=');
      await reportIssue(page, { category: 'facilities', title, place: '三楼' });
    }
    await upToDate(page);
    await page.setViewportSize(LOW);
  });

  await chapter('back is back: buildings, search, building, issues and today', async () => {
    const buildings = { ...search, name: 'the buildings', id: 'building', set: nothing, leave: async () => {
      await clickInView(page, 'building');
      await shows(page, 'door');
    } };
    const today = { name: 'today', path: '/', id: 'promise-row', scroll: 200, look: async () => ({}), set: nothing,
      leave: toHousehold('promise-row', 'a') };
    for (const list of [buildings, search, front, issues, today]) await comesBack(page, list);
  });

  await chapter('back is back after saving, too', async () => {
    const { left } = await prepare(page, search);
    await search.leave(page);
    await by(page, 'household-edit').click();
    await by(page, 'household-note').fill('门口有三级台阶');
    await by(page, 'household-save').click();
    await page.locator('.wish').first().waitFor();
    await by(page, 'back').click();
    await isAsLeft(page, search, left, 'saving the household');
    const start = { ...front, path: `/start/${GRID}/${BUILDING}` };
    const before = (await prepare(page, start)).left;
    await clickInView(page, 'door');
    await shows(page, 'visit-form');
    await by(page, 'outcome-met').check();
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    // What comes next stands at the top and is in view.
    assert.equal(await scrolled(page), 0);
    await by(page, 'back').click();
    await isAsLeft(page, start, before, 'saving the visit');
    await page.setViewportSize(PHONE);
    await upToDate(page);
  });

  await chapter('back is back: the log of a supervisor', async () => {
    const desk = await signIn(sun);
    await desk.setViewportSize(LOW);
    await comesBack(desk, log);
  });

  await chapter('no page complained', async () => assert.deepEqual([...zhao.complaints, ...sun.complaints], []));
}
