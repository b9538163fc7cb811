// Every screen, in both languages and both themes, on a phone and on a desk: seen, heard, touched, by keyboard.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { faults, focused } from './inspect.mjs';
import {
  addPhotos, beginVisit, by, choose, editResident, go, openHousehold, pathOf, recordVisit, reportIssue, shows, signIn,
  upToDate, walk,
} from './pages.mjs';
import { CORRIDOR, YARD, photoFile } from './photos.mjs';
import { until } from './until.mjs';
import { LANGUAGES } from './texts.mjs';
import { COMMUNITY, GRID } from './world.mjs';

const THEMES = ['light', 'dark'];
const DOOR = '1-1-101';
const NAME = '赵涵';
const TABS_MAX = 120;

/** Makes something to see on every screen; returns the addresses of the records. */
async function furnish(world, { zhao, qian, sun }) {
  const { page } = zhao;
  const at = {};
  const photos = [await photoFile(YARD, 'IMG_1.jpg')];
  for (const door of ['88-101', '88-302', '21号']) {
    await walk(page, `/household/new/${GRID}`);
    await by(page, 'household-door').fill(door);
    await by(page, 'household-save').click();
    await shows(page, 'household');
  }
  await beginVisit(page, '1-1-301');
  await by(page, 'outcome-not_at_home').check();
  await by(page, 'visit-save').click();
  await shows(page, 'next-door');
  at.visited = pathOf(page);
  at.household = await openHousehold(page, DOOR);
  await by(page, 'household-edit').click();
  await by(page, 'household-hours').fill('晚饭后');
  await by(page, 'household-note').fill('门口有三级台阶');
  await by(page, 'warning-dog').check();
  await by(page, 'warning-telephone_first').check();
  await by(page, 'household-no-visit').fill('2099-01-01');
  await by(page, 'household-not-alone').check();
  await by(page, 'household-save').click();
  await shows(page, 'not-alone');
  await page.getByTestId('resident').filter({ hasText: NAME }).getByTestId('resident-edit').click();
  await shows(page, 'resident-form');
  at.resident = pathOf(page);
  await go(page, 'back');
  await beginVisit(page, DOOR);
  await by(page, 'phrase-unwell').check();
  await by(page, 'visit-note').fill('老人说夜里咳嗽');
  await by(page, 'need-chronic_illness').check();
  await by(page, 'visit-promise').fill('带社区医生来');
  await by(page, 'visit-promise-date').fill('2026-01-05');
  await addPhotos(page, photos);
  await by(page, 'visit-save').click();
  await shows(page, 'saved-next');
  at.visit = await page.getByTestId('visit-row').first().locator('a').getAttribute('href');
  await by(page, 'report-issue').click();
  await reportIssue(page, { category: 'facilities', title: '三楼楼道灯不亮', place: '三楼', note: '已经告诉物业' });
  at.issue = pathOf(page);
  at.correction = at.visit.replace('/visits/', '/visit/') + at.household.replace('/household', '');
  await walk(page, at.correction);
  await shows(page, 'form-correction');
  await by(page, 'visit-note').fill('老人说夜里咳嗽，早上好些');
  await by(page, 'visit-save').click();
  await by(page, 'form-correction').waitFor({ state: 'detached' });
  at.visitNew = `/visit/new${at.household.replace('/household', '')}`;
  await walk(page, at.visitNew);
  await thrownAway(page);
  await beginVisit(page, '1-1-201');
  at.visitForm = pathOf(page);
  await by(page, 'visit-note').fill('还没写完');
  await addPhotos(page, photos);
  await go(page, 'back');
  await walk(page, '/issue/new?household=&visit=');
  await shows(page, 'issue-form');
  await by(page, 'issue-title').fill('还没写完的事件');
  at.issueForm = pathOf(page);
  await go(page, 'back');
  await upToDate(page);
  at.unit = await decide(sun);
  await disagree(world, { zhao, qian, sun });
  return at;
}

/** A unit that everybody has. */
async function decide({ page }) {
  await walk(page, '/records/unit/new');
  await by(page, 'field-name').fill('惠民物业');
  await by(page, 'field-sort-property_company').check();
  await by(page, 'field-phones').fill('0519-88880000');
  await by(page, 'field-handles-facilities').check();
  await by(page, 'record-save').click();
  await shows(page, 'record-edit');
  await upToDate(page);
  return pathOf(page);
}

/** Two values of one field, and a change that comes too late to be taken. */
async function disagree(world, { zhao, qian, sun }) {
  await world.server.stop();
  for (const [device, phone] of [[zhao, '12000000044'], [sun, '12000000055']]) {
    await openHousehold(device.page, DOOR);
    await editResident(device.page, NAME, () => by(device.page, 'resident-phone-1').fill(phone));
  }
  await world.server.command(['user', 'areas', 'qian', '--area', `${COMMUNITY}-02`]);
  const photos = [await photoFile(CORRIDOR, 'IMG_2.jpg')];
  await recordVisit(qian.page, { door: '1-1-102', note: '调走以后才写的', photos });
  await world.server.start();
  await shows(sun.page, 'conflict-mark');
  await until('the late change is set aside', async () => (await by(qian.page, 'sync-chip').getAttribute('data-state')) === 'sync-attention');
}

/** Throws a form away: the bar offers to take it back. */
async function thrownAway(page) {
  await by(page, 'visit-note').fill('不写了');
  await by(page, 'visit-discard').click();
  await shows(page, 'undo');
}

/** The screens: where they are, what shows that they are there, and what is opened on them. */
function screensOf(at, role) {
  const tap = (id) => async (page) => by(page, id).click();
  const everybody = [
    ['today', '/', 'today'],
    ['start', '/start', 'building'],
    ['start-doors', `/start/${GRID}/1`, 'door'],
    ['households', '/households', 'building'],
    ['search', '/households', 'search', async (page) => {
      await by(page, 'search').fill('赵');
      await shows(page, 'search-hit');
    }],
    ['doors', `/households/${GRID}/1`, 'door'],
    ['doors-other-unit', `/households/${GRID}/1`, 'door', async (page) => {
      // On a wide screen all units are shown, and there is nothing to choose.
      if (await by(page, 'unit-tab').isVisible()) await page.getByTestId('unit-tab').nth(1).click();
    }],
    ['doors-gaps', `/households/${GRID}/88`, 'no-door'],
    ['doors-houses', `/households/${GRID}/${encodeURIComponent('号')}`, 'door'],
    ['household', at.household, 'record-visit'],
    ['household-conflict', at.household, 'conflict-mark', tap('conflict-mark')],
    ['household-new', `/household/new/${GRID}`, 'household-form'],
    ['household-same-door', `/household/new/${GRID}`, 'household-form', async (page) => {
      await by(page, 'household-door').fill(DOOR);
      await shows(page, 'same-door');
    }],
    ['household-edit', `${at.household}/edit`, 'household-door'],
    ['resident-new', `${at.household}/resident/new`, 'resident-form'],
    ['resident-edit', at.resident, 'resident-name'],
    ['visit', at.visit, 'visit-household'],
    ['visit-earlier', at.visit, 'earlier', async (page) => page.locator('summary').first().click()],
    ['visit-correct', at.correction, 'form-correction'],
    ['visit-saved', at.visited.replace('/household', '/visit/new'), 'visit-form', async (page) => {
      await by(page, 'outcome-not_at_home').check();
      await by(page, 'visit-save').click();
      await shows(page, 'next-door');
    }],
    ['undo', at.visitNew, 'visit-form', thrownAway],
    ['visit-photo', at.visit, 'photo', tap('photo')],
    ['issues', '/issues', 'issue-row'],
    ['issue', at.issue, 'timeline'],
    ['records', '/records/unit', 'record-row'],
    ['record', at.unit, 'record-field-sort'],
    ['removed', '/removed', 'removed'],
    ['why', '/why', 'why-area'],
    ['settings', '/settings', 'sign-out'],
    ['sign-out', '/settings', 'sign-out', tap('sign-out')],
    ['outbox-waiting', '/outbox', 'outbox', tap('outbox-tab-waiting')],
    ['not-found', '/nowhere/at/all', 'not-found'],
  ];
  const member = [
    ['visit-form', at.visitForm, 'photo'],
    ['issue-form', at.issueForm, 'issue-title'],
    ['outbox-drafts', '/outbox', 'outbox', tap('outbox-tab-drafts')],
    ['outbox-uploaded', '/outbox', 'outbox', tap('outbox-tab-uploaded')],
  ];
  const overseer = [
    ['log', '/log', 'visit-row'],
    ['log-days', '/log', 'log', async (page) => {
      await by(page, 'log-period-days').check();
      await shows(page, 'log-from');
    }],
    ['record-new', '/records/unit/new', 'record-form'],
    ['record-edit', `${at.unit}/edit`, 'form-correction'],
    ['conflicts', '/conflicts', 'conflict-mark'],
    ['parked', '/parked', 'parked-row'],
    ['step', at.issue, 'timeline', tap('step-accepted')],
  ];
  return [...everybody, ...(role === 'supervisor' ? overseer : member)];
}

/** Opens one screen, looks at it, closes what was opened; what is wrong with it. */
async function visitScreen(page, [name, path, id, open], picture) {
  await walk(page, path);
  await shows(page, id);
  await open?.(page);
  await until('nothing is loading', async () => await page.locator('.loading').count() === 0);
  if (picture) await page.screenshot({ path: `${picture}-${name}.png`, fullPage: await page.locator('dialog[open]').count() === 0 });
  const found = await faults(page);
  if (await page.locator('dialog[open]').count() > 0) {
    await page.keyboard.press('Escape');
    await until('Esc closes the sheet', async () => await page.locator('dialog[open]').count() === 0);
  }
  // Leaves what is typed or chosen behind, so that the next screen at this address is fresh.
  await walk(page, '/settings');
  await shows(page, 'settings');
  return found.map((fault) => `${name}: ${fault}`);
}

/** Looks at all screens of a device, four times. */
async function lookAtAll({ check, options }, device, screens, label) {
  for (const language of LANGUAGES) {
    for (const theme of THEMES) {
      await check(`${label}, ${language}, ${theme}: ${screens.length} screens without a fault`, async () => {
        const { page } = device;
        if (options.shots) await mkdir(options.shots, { recursive: true });
        const picture = options.shots && join(options.shots, `${label}-${language}-${theme}`);
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await choose(page, 'language', language);
        await choose(page, 'theme', theme);
        assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), [language, theme]);
        const found = [];
        for (const screen of screens) {
          found.push(...await visitScreen(page, screen, picture).catch((error) => [`${screen[0]}: ${error.message}`]));
        }
        assert.deepEqual(found, []);
        assert.deepEqual([...device.complaints, ...device.strangers], []);
      });
    }
  }
}

/** Presses Tab until the element with this test id has the focus. */
async function tabTo(page, id) {
  const passed = [];
  for (let count = 0; count < TABS_MAX; count += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.id === id) return now;
    passed.push(now.id);
  }
  throw new Error(`${id} is not reached by Tab; passed: ${passed.join(' ')}`);
}

/** Opens what needs attention, in every language and theme. */
async function attention({ page }, name, options, open = async () => {}) {
  const screen = [name, '/outbox', 'outbox', async () => {
    await by(page, 'outbox-tab-attention').click();
    await open();
  }];
  const found = [];
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const language of LANGUAGES) {
    for (const theme of THEMES) {
      await choose(page, 'language', language);
      await choose(page, 'theme', theme);
      found.push(...await visitScreen(page, screen, options.shots && join(options.shots, `phone-${language}-${theme}`)));
    }
  }
  assert.deepEqual(found, []);
}

/** What was set aside is left to the supervisor; its photo, which the server does not take, is given up. */
async function giveUp(device, options) {
  const { page } = device;
  const rows = (id) => page.getByTestId(id).count();
  await walk(page, '/outbox');
  await by(page, 'outbox-tab-attention').click();
  await until('a photo stands with its record', async () => await rows('outbox-entry') === 2 && await rows('outbox-photo-refused') === 0);
  for (let left = 1; left >= 0; left -= 1) {
    await page.getByTestId('outbox-dismiss').first().click();
    await until('one less is there', async () => await rows('outbox-entry') === left);
  }
  await shows(page, 'outbox-photo-refused');
  await attention(device, 'attention-photo', options);
  await attention(device, 'attention-photo-discard', options, () => by(page, 'outbox-photo-discard').click());
  await walk(page, '/outbox');
  await by(page, 'outbox-tab-attention').click();
  await by(page, 'outbox-photo-discard').click();
  await by(page, 'outbox-photo-discard-confirm').click();
  await until('nothing is left', async () => await rows('outbox-photo-refused') === 0);
  await upToDate(page);
}

async function keyboard(page, at) {
  const ways = [['/', 'today', 'start-visit'], [at.household, 'record-visit', 'record-visit'], [at.visitForm, 'photo', 'visit-save'],
    [at.issueForm, 'issue-title', 'issue-save'], ['/settings', 'sign-out', 'sign-out']];
  for (const [path, id, action] of ways) {
    await walk(page, path);
    await shows(page, id);
    const { seen } = await tabTo(page, action);
    assert.ok(seen, `the focus on ${action} can be seen`);
  }
  await page.keyboard.press('Enter');
  await shows(page, 'sign-out-sheet');
  await tabTo(page, 'sign-out-confirm');
  await page.keyboard.press('Escape');
  await until('Esc closes the sheet', async () => await page.locator('dialog[open]').count() === 0);
  assert.equal((await focused(page)).id, 'sign-out', 'the focus is back where it was');
  await walk(page, at.household);
  await shows(page, 'record-visit');
  await tabTo(page, 'record-visit');
  await page.keyboard.press('Enter');
  await shows(page, 'visit-form');
}

export async function screens(suite) {
  const { check, chapter, newWorld, options } = suite;
  const world = await newWorld();
  const [zhao, qian, sun] = ['zhao', 'qian', 'sun'].map((person) => world.device(person));
  let at;
  await world.server.start();

  for (const [device, label] of [[zhao, 'phone'], [sun, 'desk']]) {
    await device.open('/');
    await chapter(`${label}: signing in without a fault, by keyboard too`, async () => {
      await shows(device.page, 'sign-in');
      const found = [];
      for (const language of LANGUAGES) {
        await by(device.page, `language-${language}`).check();
        for (const colorScheme of THEMES) {
          await device.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          found.push(...await faults(device.page));
        }
      }
      await by(device.page, 'language-zh-CN').check();
      assert.deepEqual(found, []);
      assert.ok((await tabTo(device.page, 'sign-in-submit')).seen);
      await signIn(device);
    });
  }
  await chapter('there is something to see on every screen', async () => {
    await signIn(qian);
    at = await furnish(world, { zhao, qian, sun });
  });
  if (!at) return;
  await lookAtAll(suite, zhao, screensOf(at, 'member'), 'phone');
  await lookAtAll(suite, sun, screensOf(at, 'supervisor'), 'desk');
  await check('phone, the largest type: every screen without a fault', async () => {
    for (const [name, value] of [['language', 'zh-CN'], ['theme', 'light'], ['type-size', 'largest']]) await choose(zhao.page, name, value);
    const picture = options.shots && join(options.shots, 'phone-largest');
    const found = [];
    for (const screen of screensOf(at, 'member')) found.push(...await visitScreen(zhao.page, screen, picture));
    await choose(zhao.page, 'type-size', 'standard');
    assert.deepEqual(found, []);
  });
  await chapter('what needs attention is shown without a fault', async () => {
    await attention(qian, 'attention', options);
    assert.deepEqual(await visitScreen(qian.page, ['today', '/', 'today']), []);
  });
  await chapter('what was set aside is left to the supervisor, and its photo given up', () => giveUp(qian, options));
  await check('every main action is reached by keyboard, the focus is seen, Esc closes sheets', () => keyboard(zhao.page, at));
}
