// What a phone recorded after its area was taken away is set aside; the supervisor sees what it is and puts it in place, as
// it was recorded.
import assert from 'node:assert/strict';

import { by, openHousehold, recordVisit, shows, signIn, upToDate, walk } from './pages.mjs';
import { CORRIDOR, photoFile } from './photos.mjs';
import { until } from './until.mjs';
import { COMMUNITY, PEOPLE } from './world.mjs';

const DOOR = '1-1-102';
const NOTE = '调走以后才写的';

const listed = (page) => page.getByTestId('outbox-entry').count();
const state = (page) => by(page, 'sync-chip').getAttribute('data-state');

export async function parked({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const [qian, sun] = [world.device('qian'), world.device('sun')];

  await chapter('a member records a visit with a photo after the grid was given to somebody else', async () => {
    await server.start();
    await signIn(qian);
    await signIn(sun);
    await upToDate(qian.page);
    await server.stop();
    await server.command(['user', 'areas', 'qian', '--area', `${COMMUNITY}-02`]);
    await recordVisit(qian.page, { door: DOOR, note: NOTE, photos: [await photoFile(CORRIDOR, 'IMG_2.jpg')] });
    await server.start();
    await until('it is set aside', async () => await state(qian.page) === 'sync-attention');
    await walk(qian.page, '/outbox');
    await until('visit and photo are listed', async () => await listed(qian.page) === 2);
  });

  await chapter('the supervisor sees the door, the words and the photo, and puts all of it in place by one tap', async () => {
    const { page } = sun;
    await walk(page, '/parked');
    const rows = page.getByTestId('parked-row');
    await until('visit and photo are there', async () => await rows.count() === 2);
    const photo = rows.filter({ has: page.locator('img') });
    await until('the photo is drawn', async () => photo.locator('img').evaluate((image) => image.naturalWidth > 0));
    const visit = rows.filter({ hasText: NOTE });
    for (const text of [DOOR, PEOPLE.qian.display]) assert.ok((await visit.textContent()).includes(text), text);
    await photo.getByTestId('parked-apply').click();
    await photo.getByTestId('parked-taken').waitFor();
    await walk(page, '/');
    await walk(page, '/parked');
    await shows(page, 'parked-empty');
  });

  await chapter('on every phone it is the visit of who recorded it, and its bytes arrive', async () => {
    await openHousehold(sun.page, DOOR);
    const row = sun.page.getByTestId('visit-row').filter({ hasText: NOTE });
    await row.waitFor();
    await row.locator('a').click();
    await shows(sun.page, 'visit-household');
    const said = await sun.page.getByTestId('visit').textContent();
    assert.ok(said.includes(PEOPLE.qian.display) && !said.includes(PEOPLE.sun.display), said);
    await until('nothing is left to do on the phone', async () => await state(qian.page) === 'sync-up-to-date');
    await until('the list that was open empties by itself', async () => await listed(qian.page) === 0);
    await sun.page.getByTestId('photo').click();
    await shows(sun.page, 'photo-full');
    assert.equal((await server.figures()).parked, 0);
    assert.deepEqual([...qian.complaints, ...sun.complaints], []);
  });
}
