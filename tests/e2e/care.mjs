// Care: who is to be looked in on stands under today with the reason, is gone from there once they were met, and whoever
// stands at the door already hears that a colleague was there.
import assert from 'node:assert/strict';

import { beginVisit, by, editResident, go, openHousehold, resident, shows, signIn, upToDate, walk } from './pages.mjs';
import { until } from './until.mjs';
import { words } from './texts.mjs';

const DOOR = '1-1-101';
const NAME = '赵涵';
const NEED = words('need-lives-alone');

const row = (page) => page.getByTestId('care-row').filter({ hasText: `${NAME} · ${DOOR}` });

/** The number in the line that says how many there are. */
const total = async (page) => Number((await by(page, 'care-total').innerText()).match(/\d+/)[0]);

/** Says in the form of a visit that somebody was met. */
const meet = (page, name) => page.locator('label.chip', { hasText: name, has: page.locator('[data-testid^="met-"]') }).locator('input').check();

export async function care({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const [zhao, qian] = [world.device('zhao'), world.device('qian')];

  await chapter('somebody who lives alone stands under today, with the reason and how many there are', async () => {
    await server.start();
    await signIn(zhao);
    await signIn(qian);
    const { page } = zhao;
    await openHousehold(page, DOOR);
    await editResident(page, NAME, async () => {
      for (const need of await page.locator('[data-testid^="need-"]:checked').all()) await need.uncheck();
      await by(page, 'need-lives_alone').check();
    });
    await until('the page says that it is time', async () => {
      const said = await resident(page, NAME).getByTestId('care-next').allInnerTexts();
      return said.length === 1 && said[0].includes(words('care-next-now')) && said[0].includes(NEED);
    });
    await go(page, 'tab-today');
    await row(page).waitFor();
    const reason = await row(page).getByTestId('care-reason').innerText();
    assert.ok(reason.startsWith(NEED) && reason.includes('7'), reason);
    await upToDate(page);
  });

  await chapter('more are listed when one asks, and all are counted', async () => {
    const { page } = zhao;
    const all = await total(page);
    assert.ok(all > 20, `${all} are due`);
    const listed = () => page.getByTestId('care-row').count();
    assert.equal(await listed(), 20);
    await by(page, 'care-more').click();
    await until('more are listed', async () => await listed() === Math.min(40, all));
    assert.equal(await total(page), all);
    const doors = await page.getByTestId('care-row').locator('.row-name').allInnerTexts();
    assert.ok(doors[0].includes(' · 1-1-'), doors[0]);
  });

  await chapter('a visit without the elder leaves them on the list; one with them takes them off, without a server too', async () => {
    await upToDate(qian.page);
    await beginVisit(qian.page, DOOR);
    assert.equal(await qian.page.getByTestId('too-soon').count(), 0);
    await server.stop();
    const { page } = zhao;
    const before = await total(page);
    await beginVisit(page, DOOR);
    await by(page, 'outcome-not_at_home').check();
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    await go(page, 'tab-today');
    await row(page).waitFor();
    await beginVisit(page, DOOR);
    await meet(page, NAME);
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    await go(page, 'tab-today');
    await until('they are gone from today', async () => await row(page).count() === 0);
    assert.equal(await total(page), before - 1);
  });

  await chapter('a colleague whose form is open hears of it when it arrives, and can save all the same', async () => {
    const { page } = qian;
    await server.start();
    await shows(page, 'too-soon', 60_000);
    const said = await by(page, 'too-soon').innerText();
    assert.ok(said.includes(zhao.display) && said.includes(NAME) && said.includes(words('day-today')), said);
    await meet(page, NAME);
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
    await upToDate(page);
    await walk(page, '/');
    await until('it is off the list here, too', async () => await row(page).count() === 0);
  });

  await chapter('no page complained', async () => {
    for (const { complaints } of [zhao, qian]) assert.deepEqual(complaints, []);
  });
}
