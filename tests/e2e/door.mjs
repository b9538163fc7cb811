// At the door: what one is told before knocking, who lives there already, what was found and promised; and that a screen
// says what it opens and saves, whoever else writes on the page, and on the next morning.
import assert from 'node:assert/strict';

import { beginVisit, by, editResident, go, openHousehold, pathOf, resident, shows, upToDate } from './pages.mjs';
import { until } from './until.mjs';
import { words } from './texts.mjs';

const DOOR = '1-1-101';
const SPELLED = '1栋1单元101室';
const NAME = '赵涵';
const NEXT = '1-1-102';
const DAY_MS = 24 * 3600 * 1000;
const PROMISE = '把血压计带来';

/** Puts a text into a field as a password manager does; `say` is the events that it raises. */
const fillSilently = (page, id, text, say) => by(page, id).evaluate((field, [value, events]) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, value);
  for (const name of events) field.dispatchEvent(new Event(name, { bubbles: true }));
}, [text, say]);

/** Does to the page what a translator does: every text goes into an element of its own, the text node is another one. */
const translate = (page) => page.evaluate(() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
  for (const text of texts) {
    const [outer, inner] = [document.createElement('font'), document.createElement('font')];
    inner.append(text.data);
    outer.append(inner);
    text.replaceWith(outer);
  }
  return texts.length;
});

/** Each find: what the row says, and where it leads. */
const finds = (page) => page.getByTestId('search-hit').evaluateAll((rows) => rows.map((row) => ({
  says: row.querySelector('.row-meta').innerText, leads: new URL(row.href).pathname,
})));

export async function door({ chapter, newWorld }) {
  const world = await newWorld();
  const zhao = world.device('zhao');
  let page;

  await chapter('a sign-in that a password manager filled in is sent as it stands, and storage is asked to stay', async () => {
    await world.server.start();
    zhao.initScripts.push([() => {
      window.askedToStay = 0;
      const ask = StorageManager.prototype.persist;
      StorageManager.prototype.persist = function persist() {
        window.askedToStay += 1;
        return ask.call(this);
      };
    }, null]);
    page = await zhao.open('/');
    await shows(page, 'sign-in');
    await fillSilently(page, 'sign-in-username', zhao.account, ['change']);
    await fillSilently(page, 'sign-in-password', zhao.password, []);
    await by(page, 'sign-in-submit').click();
    await shows(page, 'today');
    await go(page, 'tab-households');
    await shows(page, 'building', 120_000);
    await upToDate(page, 120_000);
    assert.equal(await page.evaluate(() => window.askedToStay), 1);
  });

  await chapter('a door that is there is said while it is typed, and another household there is a choice in words', async () => {
    await by(page, 'household-new').click();
    await shows(page, 'household-form');
    await by(page, 'household-door').fill('1栋1单元1');
    assert.equal(await page.getByTestId('same-door').count(), 0);
    await by(page, 'household-door').fill(SPELLED);
    await shows(page, 'same-door');
    const said = await by(page, 'same-door').innerText();
    assert.ok(said.includes(DOOR) && said.includes(NAME), said);
    await by(page, 'household-save').click();
    await shows(page, 'error');
    assert.ok((await by(page, 'error').innerText()).includes(words('invalid-household-door-taken')));
    await by(page, 'same-door-open').click();
    await shows(page, 'household');
    await page.locator('h1', { hasText: DOOR }).waitFor();
    const there = pathOf(page);
    // Saved before an answer could be there: refused all the same.
    await go(page, 'tab-households');
    await by(page, 'household-new').click();
    await by(page, 'household-door').fill(SPELLED);
    await by(page, 'household-save').click();
    await shows(page, 'error');
    await by(page, 'same-door-another').check();
    await by(page, 'household-save').click();
    await shows(page, 'household');
    assert.notEqual(pathOf(page), there);
    // The choice is not asked for again where the door stays as it is, and is where it becomes one that is taken.
    await by(page, 'household-edit').click();
    await shows(page, 'household-form');
    assert.equal(await page.getByTestId('same-door').count(), 0);
    await by(page, 'household-door').fill(NEXT);
    await shows(page, 'same-door');
    await by(page, 'household-save').click();
    await shows(page, 'error');
    await by(page, 'household-door').fill('1-1-9901');
    await until('nobody lives there', async () => await page.getByTestId('same-door').count() === 0);
    await by(page, 'household-save').click();
    await shows(page, 'household');
    await page.locator('h1', { hasText: '1-1-9901' }).waitFor();
  });

  await chapter('what one should know before knocking stands first on the visit, at the household and in the building', async () => {
    await openHousehold(page, NEXT);
    await by(page, 'household-edit').click();
    await by(page, 'warning-dog').check();
    await by(page, 'warning-bell_broken').check();
    await by(page, 'household-not-alone').check();
    await by(page, 'household-save').click();
    await shows(page, 'household');
    for (const id of ['warning-dog', 'warning-bell_broken', 'not-alone']) await shows(page, id);
    await beginVisit(page, NEXT);
    for (const id of ['warning-dog', 'warning-bell_broken', 'not-alone']) {
      await shows(page, id);
      const [warning, form] = await Promise.all([by(page, id), by(page, 'outcome-met')].map((each) => each.boundingBox()));
      assert.ok(warning.y < form.y, `${id} stands before the form`);
    }
    await by(page, 'back').click();
    await go(page, 'tab-households');
    await by(page, 'building').click();
    await shows(page, 'door');
    const tile = page.locator(`[data-door="${NEXT}"]`);
    const said = await tile.innerText();
    for (const key of ['door-warning-dog', 'door-warning-bell-broken', 'not-alone-short']) assert.ok(said.includes(words(key)), said);
  });

  await chapter('needs and a promise of a visit with nobody ticked are shown where one looks next', async () => {
    await openHousehold(page, DOOR);
    if (await page.getByTestId('resident').count() < 2) {
      await by(page, 'resident-add').click();
      await by(page, 'resident-name').fill('赵小满');
      await by(page, 'resident-save').click();
      await shows(page, 'household');
    }
    await beginVisit(page, DOOR);
    await by(page, 'need-language_help').check();
    await by(page, 'visit-promise').fill(PROMISE);
    await page.locator('[data-testid^="promise-due-2"]').first().check();
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    const need = words('need-language-help');
    await shows(page, 'finding');
    assert.ok((await by(page, 'finding').innerText()).includes(need));
    const promised = await by(page, 'household-promises').innerText();
    assert.ok(promised.includes(PROMISE) && promised.includes(words('day-tomorrow')), promised);
    const row = await page.getByTestId('history').getByTestId('visit-row').first().innerText();
    assert.ok(row.includes(need) && row.includes(PROMISE) && row.includes(words('day-tomorrow')), row);
    // Nobody was ticked: the household was met, and nobody of it.
    const met = await page.getByTestId('resident-met').allInnerTexts();
    assert.ok(met.length >= 2 && met.every((text) => text === words('met-never')), met.join());
    await go(page, 'tab-today');
    const today = await page.getByTestId('promise-row').filter({ hasText: PROMISE }).innerText();
    assert.ok(today.includes(words('day-tomorrow')), today);
    await openHousehold(page, DOOR);
    await by(page, 'finding').getByRole('button', { name: NAME }).click();
    await until('it is noted', async () => await page.getByTestId('finding').count() === 0);
    assert.ok((await resident(page, NAME).innerText()).includes(need));
  });

  await chapter('meeting somebody is not meeting the others', async () => {
    await beginVisit(page, DOOR);
    const other = page.locator('label.chip', { has: page.locator('[data-testid^="met-"]') }).filter({ hasNotText: NAME }).first();
    await other.click();
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    const met = async (card) => card.getByTestId('resident-met').innerText();
    assert.equal(await met(resident(page, NAME)), words('met-never'));
    const all = await page.getByTestId('resident-met').allInnerTexts();
    assert.equal(all.filter((text) => text === words('met-today')).length, 1, all.join());
  });

  await chapter('a page that a translator has rewritten still says what it opens and saves', async () => {
    const forbidden = await page.evaluate(() => [document.documentElement.translate,
      document.querySelector('meta[name=google]')?.content]);
    assert.deepEqual(forbidden, [false, 'notranslate']);
    await go(page, 'tab-households');
    await by(page, 'search').fill(DOOR);
    await until('the door is found', async () => (await finds(page)).length > 0);
    const before = await finds(page);
    assert.ok(await translate(page) > 10);
    await by(page, 'search').fill(NEXT);
    const after = await until('another is found', async () => {
      const found = await finds(page);
      return found.length > 0 && found[0].leads !== before[0].leads ? found : null;
    });
    for (const { says } of after) assert.ok(says.startsWith(`${NEXT} ·`), `leads elsewhere and says: ${says}`);
    await page.getByTestId('search-hit').first().click();
    await page.locator('h1', { hasText: NEXT }).waitFor();
    // And from one household to another, screen for screen.
    await translate(page);
    await page.evaluate((to) => {
      history.pushState({}, '', to);
      dispatchEvent(new PopStateEvent('popstate', { state: {} }));
    }, before[0].leads);
    await page.locator('h1', { hasText: DOOR }).waitFor();
    await resident(page, NAME).waitFor();
    await translate(page);
    await editResident(page, NAME, () => by(page, 'resident-phone-2').fill('12000000077'));
    // The screen asks again once it hears that something was saved.
    await resident(page, NAME).locator('[href="tel:12000000077"]').waitFor();
    await page.reload();
  });

  await chapter('taken up the next morning, the first screen has the new day, and so has what is due', async () => {
    await go(page, 'tab-today');
    const line = () => page.locator('.date-line').innerText();
    const yesterday = await line();
    const row = page.getByTestId('promise-row').filter({ hasText: PROMISE });
    assert.ok((await row.innerText()).includes(words('day-tomorrow')));
    await page.clock.setFixedTime(Date.now() + DAY_MS);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await until('the day is the new one', async () => await line() !== yesterday);
    const said = await row.innerText();
    assert.ok(said.includes(words('day-today')) && said.includes(words('due-today')), said);
  });

  await chapter('no page complained', async () => assert.deepEqual(zhao.complaints, []));
}
