// The building as one stands in front of it, and the walk through it by 下一户.
import assert from 'node:assert/strict';

import { by, go, openHousehold, shows, signIn, walk } from './pages.mjs';
import { until } from './until.mjs';
import { words } from './texts.mjs';
import { DESK, PHONE } from './device.mjs';
import { GRID } from './world.mjs';

const BUILDING = '1';
/** Asks not to be visited, in the middle of the walk. */
const LEFT_ALONE = '1-1-201';
const STOPS = 13;
/** How the visits of the walk go, again and again. */
const OUTCOMES = ['met', 'not_at_home', 'postponed', 'declined'];

const stateWord = (state) => words(`door-state-${state.replaceAll('_', '-')}`);

/** Every door that is drawn: its number, its state, what it says, where it stands; also those that a tab away. */
const drawn = (page) => page.getByTestId('door').evaluateAll((doors) => doors.map((door) => {
  const { x, y, width, height } = door.getBoundingClientRect();
  return { door: door.dataset.door, state: door.dataset.state, says: door.innerText, x, y, width, height, seen: width > 0 };
}));

const seen = async (page) => (await drawn(page)).filter((door) => door.seen);

/** The parts of a door number as numbers, for the order of the walk. */
function walkOrder(one, other) {
  const parts = (door) => door.split('-').map(Number);
  const [a, b] = [parts(one), parts(other)];
  for (const [index, part] of a.entries()) if (part !== b[index]) return part - b[index];
  return 0;
}

async function openBuilding(page, from = 'households') {
  await walk(page, `/${from}/${GRID}/${BUILDING}`);
  await shows(page, 'door');
}

async function addHousehold(page, door, fill = async () => {}) {
  await walk(page, `/household/new/${GRID}`);
  await shows(page, 'household-form');
  await by(page, 'household-door').fill(door);
  await fill();
  await by(page, 'household-save').click();
  await shows(page, 'household');
}

const leftAlone = (page) => by(page, 'household-no-visit').fill('2099-01-01');

export async function building({ chapter, newWorld }) {
  const world = await newWorld();
  const zhao = world.device('zhao');
  let page;
  let walked = [];

  await chapter('a building is drawn as one stands in front of it, one unit at a time on a phone', async () => {
    await world.server.start();
    page = await signIn(zhao);
    await openBuilding(page);
    const floors = await page.getByTestId('storey').locator('th:visible').allInnerTexts();
    assert.deepEqual(floors, [6, 5, 4, 3, 2, 1].map((floor) => `${floor} 层`));
    const doors = await seen(page);
    assert.equal(doors.length, 12);
    assert.ok(doors.every(({ door }) => door.startsWith('1-1-')));
    for (const { door, says, state, width, height } of doors) {
      assert.ok(says.includes(stateWord(state)), `${door} says: ${says}`);
      assert.ok(width >= 48 && height >= 48, `${door} is ${width} x ${height}`);
    }
    const at = (number, all = doors) => all.find(({ door }) => door === number);
    assert.ok(at('1-1-601').y < at('1-1-501').y && at('1-1-501').y < at('1-1-101').y);
    assert.ok(at('1-1-501').x < at('1-1-502').x && at('1-1-501').y === at('1-1-502').y && at('1-1-501').x === at('1-1-101').x);
    await page.getByTestId('unit-tab').nth(2).click();
    await until('the third unit is shown', async () => (await seen(page)).every(({ door }) => door.startsWith('1-3-')));
    // On a wide screen all stand side by side.
    await page.setViewportSize(DESK);
    const wide = await seen(page);
    assert.equal(wide.length, 48);
    assert.ok(at('1-1-101', wide).x < at('1-2-101', wide).x && at('1-1-101', wide).y === at('1-2-101', wide).y);
    await page.setViewportSize(PHONE);
  });

  await chapter('a register with gaps leaves empty places, and houses stand in a row', async () => {
    for (const door of ['88-101', '88-103', '88-402', '21号', '3号']) await addHousehold(page, door);
    await walk(page, `/households/${GRID}/88`);
    await shows(page, 'door');
    assert.equal((await seen(page)).length, 3);
    assert.equal(await page.getByTestId('no-door').count(), 3 * 4 - 3);
    await go(page, 'tab-households');
    await page.getByTestId('building').filter({ hasText: words('building-houses') }).click();
    await shows(page, 'door');
    assert.deepEqual((await seen(page)).map(({ door }) => door), ['3号', '21号']);
  });

  await chapter(`a walk of ${STOPS} doors by 下一户: each once, in the order of the stairs, and nobody who asked not to be visited`, async () => {
    await openHousehold(page, LEFT_ALONE);
    await by(page, 'household-edit').click();
    await leftAlone(page);
    await by(page, 'household-save').click();
    await shows(page, 'no-visit-before');
    await openBuilding(page, 'start');
    const before = await drawn(page);
    assert.equal(before.find(({ door }) => door === LEFT_ALONE).state, 'no_visit');
    const open = before.filter(({ state }) => !['no_visit', 'vacant'].includes(state)).map(({ door }) => door).sort(walkOrder);
    walked = open.slice(0, STOPS).map((door, index) => ({ door, state: OUTCOMES[index % OUTCOMES.length] }));
    assert.ok(walkOrder(walked[0].door, LEFT_ALONE) < 0 && walkOrder(LEFT_ALONE, walked.at(-1).door) < 0);
    await by(page, 'next-door').click();
    let passed = '';
    for (const [index, stop] of walked.entries()) {
      await page.locator('h1', { hasText: words('visit-title').replace('{ $door }', stop.door) }).waitFor();
      await by(page, `outcome-${stop.state}`).check();
      if (index === 1 || index === 2) {
        await by(page, 'visit-promise').fill('带血压计来');
        await by(page, 'visit-promise-date').fill(index === 1 ? '2099-01-05' : '2026-01-05');
        stop.state = index === 1 ? 'promised' : 'due';
      }
      await by(page, 'visit-save').click();
      await shows(page, 'saved-next');
      await by(page, 'saved-next').getByTestId('next-door').waitFor();
      passed += await page.getByTestId('next-passed').allInnerTexts();
      if (index + 1 < walked.length) await by(page, 'next-door').click();
    }
    assert.ok(passed.includes(`${LEFT_ALONE} ${stateWord('no_visit')}`), `said to be passed by: ${passed}`);
    // One goes back to where the walk was begun, not through thirteen households.
    await by(page, 'back').click();
    await shows(page, 'doors');
    await until('the doors say how the visits went', async () => {
      const now = new Map((await drawn(page)).map((door) => [door.door, door]));
      const changed = before.filter(({ door, state }) => now.get(door).state !== state).map(({ door }) => door).sort(walkOrder);
      assert.deepEqual(changed, walked.map(({ door }) => door));
      for (const { door, state } of walked) assert.equal(now.get(door).state, state, door);
      return true;
    });
    for (const { door, state, says, seen: inView } of await drawn(page)) {
      if (inView) assert.ok(says.includes(stateWord(state)), `${door} says: ${says}`);
    }
  });

  await chapter('the last door says that the building is done, and whom the walk left alone', async () => {
    await addHousehold(page, '77-101');
    await addHousehold(page, '77-102', () => leftAlone(page));
    await addHousehold(page, '77-201');
    await walk(page, `/start/${GRID}/77`);
    for (const last of [false, true]) {
      await by(page, 'next-door').click();
      await shows(page, 'visit-form');
      await by(page, 'outcome-met').check();
      await by(page, 'visit-save').click();
      await shows(page, 'saved-next');
      await (last ? shows(page, 'building-done') : by(page, 'saved-next').getByTestId('next-door').waitFor());
      assert.equal(await page.getByTestId('building-done').count(), last ? 1 : 0);
      const passed = await by(page, 'next-passed').innerText();
      assert.ok(passed.includes(`77-102 ${stateWord('no_visit')}`), passed);
    }
    await by(page, 'back').click();
    await shows(page, 'building-done');
  });

  await chapter('no page complained', async () => assert.deepEqual(zhao.complaints, []));
}
