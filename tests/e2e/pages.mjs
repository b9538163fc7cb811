// What people do on the screens, by the test ids that each screen lists at its top.
import assert from 'node:assert/strict';

import { PATIENCE_MS, until } from './until.mjs';

/** The first element with this test id. */
export const by = (page, id) => page.getByTestId(id).first();

/** Waits until the element with this test id is on the screen. */
export const shows = (page, id, timeout = PATIENCE_MS) => by(page, id).waitFor({ state: 'visible', timeout });

/** The address inside the app. */
export const pathOf = (page) => new URL(page.url()).pathname;

/** What the sync chip says, as the key of its words. */
export const chip = (page) => by(page, 'sync-chip').getAttribute('data-state');

/** Waits until the device says that it holds everything and nothing waits. */
export function upToDate(page, timeout = PATIENCE_MS) {
  return until('the chip says that everything is synchronised', async () => {
    const state = await chip(page);
    return state === 'sync-up-to-date' ? state : null;
  }, { timeout });
}

/** Signs in, waits until the device holds the households of its areas. */
export async function signIn(device, timeout = 4 * PATIENCE_MS) {
  const page = await device.open('/');
  await shows(page, 'sign-in');
  await by(page, 'sign-in-username').fill(device.account);
  await by(page, 'sign-in-password').fill(device.password);
  await by(page, 'sign-in-submit').click();
  await shows(page, 'today');
  await go(page, 'tab-households');
  await shows(page, 'building', timeout);
  await upToDate(page, timeout);
  return page;
}

/** Opens one of the main screens by its tab. */
export async function go(page, tab) {
  await by(page, tab).click();
}

/** Shows another screen without loading the page anew, as the browser's own back and forward do. */
export async function walk(page, path) {
  await page.evaluate((to) => {
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  }, path);
}

/** Types into the search field and opens the find for this door. */
async function find(page, door) {
  await by(page, 'search').fill(door);
  const hit = page.getByTestId('search-hit')
    .filter({ has: page.locator('.row-meta', { hasText: new RegExp(`^${door} ·`) }) });
  await hit.first().click();
}

/** Opens the page of a household; returns its address. */
export async function openHousehold(page, door) {
  await go(page, 'tab-households');
  await shows(page, 'households');
  await find(page, door);
  await shows(page, 'household');
  await page.locator('h1', { hasText: door }).waitFor();
  return pathOf(page);
}

/** Opens an empty visit form the short way: start, search, tap. */
export async function beginVisit(page, door) {
  await go(page, 'tab-today');
  await by(page, 'start-visit').click();
  await shows(page, 'start');
  await find(page, door);
  await shows(page, 'visit-form');
  await page.locator('h1', { hasText: door }).waitFor();
}

/** Chooses photos and waits until each is kept. */
export async function addPhotos(page, files) {
  const before = await page.getByTestId('photo').count();
  await by(page, 'photo-files').setInputFiles(files);
  await until(`${files.length} photos more are kept`, async () => {
    const error = await page.getByTestId('error').count();
    assert.equal(error, 0);
    return await page.getByTestId('photo').count() === before + files.length
      && await page.getByTestId('photo-busy').count() === 0;
  }, { timeout: 2 * PATIENCE_MS });
}

/** Records a visit with everything that is given. */
export async function recordVisit(page, { door, note, phrase, photos = [] }) {
  await beginVisit(page, door);
  if (phrase) await by(page, `phrase-${phrase}`).check();
  await by(page, 'visit-note').fill(note);
  if (photos.length > 0) await addPhotos(page, photos);
  await by(page, 'visit-save').click();
  await shows(page, 'saved-next');
}

/** Reports an issue; the screen shows it afterwards. */
export async function reportIssue(page, { category, title, place = '', note = '', onTheSpot = false }) {
  await shows(page, 'issue-form');
  await by(page, `category-${category}`).check();
  await by(page, 'issue-title').fill(title);
  if (place) await by(page, 'issue-place').fill(place);
  if (note) await by(page, 'issue-note').fill(note);
  if (onTheSpot) await by(page, 'issue-on-the-spot').check();
  await by(page, 'issue-save').click();
  await shows(page, 'issue');
}

/** The card of a resident on a household's page. */
export const resident = (page, name) => page.getByTestId('resident').filter({ hasText: name }).first();

/** Opens the form of a resident from the household's page, lets `change` fill it, saves. */
export async function editResident(page, name, change) {
  await resident(page, name).getByTestId('resident-edit').click();
  await shows(page, 'resident-form');
  await change();
  await by(page, 'resident-save').click();
  await shows(page, 'household');
}

/** What a household's page says, without the words that come and go while something waits. */
export async function householdSays(page, name) {
  const card = resident(page, name);
  return {
    words: (await card.innerText()).replace(/\s+/g, ' ').trim(),
    phones: await card.getByTestId('phone').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    conflicts: await page.getByTestId('conflict-mark').count(),
    visits: await page.getByTestId('history').getByTestId('visit-row').locator('.row-text').allInnerTexts(),
    photos: await page.getByTestId('history').getByTestId('photo').count(),
    issues: await page.getByTestId('history').getByTestId('issue-row').locator('.row-name').allInnerTexts(),
    waiting: await page.locator('.tag.waiting').count(),
  };
}

/** Nothing is under way between this phone and the server. */
export const idle = (page) =>
  until('nothing is under way', async () => await by(page, 'sync-now').getAttribute('aria-busy') !== 'true');

/** Asks for a sync, on the page of what waits, and gives the server's reply. */
export async function syncNow(page) {
  await idle(page);
  const [reply] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/v1/sync')),
    by(page, 'sync-now').click(),
  ]);
  assert.equal(reply.status(), 200);
  return reply;
}

/** The numbers beside the four lists of what goes out, and the rows of one list. */
export async function outbox(page, list) {
  await walk(page, '/outbox');
  await shows(page, 'outbox');
  await by(page, `outbox-tab-${list}`).click();
  await page.locator(`[data-testid="outbox-tab-${list}"][aria-pressed="true"]`).waitFor();
  const row = list === 'drafts' ? 'draft-row' : 'outbox-entry';
  return page.getByTestId(row).allInnerTexts();
}

/** Chooses a setting on the settings screen. */
export async function choose(page, name, value) {
  await walk(page, '/settings');
  await shows(page, 'settings');
  await by(page, `${name}-${value}`).check();
}
