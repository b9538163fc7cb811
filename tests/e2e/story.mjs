// The story of the product: two phones and a supervisor, no network, a dead browser, and everything comes together.
import assert from 'node:assert/strict';

import {
  beginVisit, by, editResident, go, householdSays, openHousehold, outbox, recordVisit, reportIssue, shows, signIn,
  syncNow, walk,
} from './pages.mjs';
import { CORRIDOR, YARD, isSame, look, morePhotos, onlyPixels, photoFile, photosOfServer } from './photos.mjs';
import { until } from './until.mjs';
import { COMMUNITY } from './world.mjs';
import { words } from './texts.mjs';

/** Within this time of being online all devices show the same. */
const TOGETHER_MS_MAX = 10_000;
/** Photos come behind the records. */
const PHOTOS_MS_MAX = 60_000;
/** A sync that moves nothing says little. */
const IDLE_SYNC_BYTES_MAX = 1024;

const DOOR = '1-1-101';
const NAME = '赵涵';
const VISITS = [
  { door: DOOR, note: '老人说夜里咳嗽，约了周三社区医生', phrase: 'unwell' },
  { door: '1-1-102', note: '燃气阀门已检查，没有问题', phrase: 'safety_reminder' },
  { door: '1-1-201', note: '楼道灯坏了，已经拍照', phrase: 'needs_repair' },
];
const HALF = { door: '1-1-301', note: '刚搬来，还没有登记，说周末' };
const ISSUE = { category: 'facilities', title: '一单元楼道堆放纸箱，当场清走', onTheSpot: true };
const PHONE_OF_ZHAO = '12000000011';
const PHONE_OF_QIAN = '12000000022';
const YEAR_OF_QIAN = '1961';

export async function story({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const [zhao, qian, sun] = ['zhao', 'qian', 'sun'].map((person) => world.device(person));
  const all = [zhao, qian, sun];
  const files = { originals: [] };
  let began = 0;

  await chapter('three people sign in and hold the data', async () => {
    await server.start();
    for (const device of all) await signIn(device);
    const spare = await sun.context.newPage();
    const yards = await morePhotos(spare, YARD, 5);
    await spare.close();
    const photos = [await photoFile(CORRIDOR, 'IMG_0.jpg'), ...yards];
    files.originals = photos;
    VISITS.forEach((visit, index) => { visit.photos = photos.slice(2 * index, 2 * index + 2); });
  });

  await chapter('without a server a phone records visits with photos, an issue, a change and half a visit', async () => {
    await server.stop();
    const { page } = zhao;
    for (const visit of VISITS) await recordVisit(page, visit);
    await openHousehold(page, DOOR);
    await by(page, 'report-issue').click();
    await reportIssue(page, ISSUE);
    await openHousehold(page, DOOR);
    await editResident(page, NAME, async () => {
      await by(page, 'resident-phone-1').fill(PHONE_OF_ZHAO);
      await by(page, 'need-hearing_sight').check();
    });
    await beginVisit(page, HALF.door);
    await by(page, 'visit-note').pressSequentially(HALF.note);
    await by(page, 'back').click();
    await walk(page, '/');
    await page.getByTestId('draft-row').filter({ hasText: HALF.note }).waitFor();
  });

  await chapter('killed and opened again without a server, the phone has everything, the half visit too', async () => {
    const dead = await zhao.kill();
    assert.ok(dead > 1, 'browser and children are dead');
    const page = await zhao.open('/');
    await shows(page, 'today');
    for (const visit of VISITS) {
      await openHousehold(page, visit.door);
      const row = page.getByTestId('visit-row').filter({ hasText: visit.note });
      await row.waitFor();
      await until('both photos are there', async () => await row.getByTestId('photo').count() === 2);
    }
    await openHousehold(page, DOOR);
    await page.getByTestId('visit-row').first().getByTestId('photo').first().click();
    await until('the whole photo is there', async () => {
      const sides = await by(page, 'photo-full').evaluate((image) => [image.naturalWidth, image.naturalHeight]);
      return sides.join() === '1200,1600';
    });
    await page.keyboard.press('Escape');
    await go(page, 'tab-issues');
    await by(page, 'issue-open-all').check();
    const row = page.getByTestId('issue-row').filter({ hasText: ISSUE.title });
    await row.locator('.state-handled_on_the_spot').waitFor();
    await go(page, 'tab-today');
    await page.getByTestId('draft-row').filter({ hasText: HALF.door }).click();
    await shows(page, 'visit-form');
    await until('the half visit has its words', async () => await by(page, 'visit-note').inputValue() === HALF.note);
    await by(page, 'back').click();
  });

  await chapter('the other phone changes the same telephone number and another field', async () => {
    await openHousehold(qian.page, DOOR);
    await editResident(qian.page, NAME, async () => {
      await by(qian.page, 'resident-phone-1').fill(PHONE_OF_QIAN);
      await by(qian.page, 'resident-birth-year').fill(YEAR_OF_QIAN);
    });
  });

  await chapter('within 10 s of the server coming back all three show the same, and nobody clicked', async () => {
    for (const device of all) await openHousehold(device.page, DOOR);
    await server.start();
    began = performance.now();
    let seen;
    await until('all three show the same', async () => {
      seen = await Promise.all(all.map((device) => householdSays(device.page, NAME)));
      const [first, ...others] = seen.map((each) => JSON.stringify(each));
      const complete = seen[0].conflicts === 1 && seen[0].visits.length > 0 && seen[0].waiting === 0;
      return complete && others.every((other) => other === first);
    }, { timeout: TOGETHER_MS_MAX }).catch((error) => { throw new Error(`${error.message}\n${JSON.stringify(seen, null, 1)}`); });
    console.log(`     all three show the same after ${Math.round(performance.now() - began)} ms (at most ${TOGETHER_MS_MAX})`);
    const [said] = seen;
    assert.deepEqual(said.phones, [`tel:${PHONE_OF_QIAN}`], 'one number is shown, the later one');
    assert.ok(said.words.includes(YEAR_OF_QIAN), 'the year that only one changed');
    assert.ok(said.words.includes(words('need-hearing-sight')), 'the need that only the other added');
    assert.equal(said.photos, 2);
    assert.ok(said.visits.some((text) => text.includes(VISITS[0].note)));
    assert.deepEqual(said.issues, [ISSUE.title]);
  });

  await chapter('the supervisor restores the other value, and both phones follow by themselves', async () => {
    const { page } = sun;
    await by(page, 'conflict-mark').click();
    await shows(page, 'conflict-sheet');
    const values = (await page.getByTestId('conflict-value').allInnerTexts()).map((text) => text.replace(/[^\S\n]/g, ''));
    assert.equal(values.length, 2);
    assert.ok(values[0].includes(PHONE_OF_QIAN) && values[0].includes(qian.display), values[0]);
    assert.ok(values[1].includes(PHONE_OF_ZHAO) && values[1].includes(zhao.display), values[1]);
    for (const value of values) assert.match(value, /\d\d:\d\d/, 'when it was written');
    await by(page, 'conflict-restore-1').click();
    const restored = performance.now();
    await until('both phones show the restored number', async () => {
      const said = await Promise.all(all.map((device) => householdSays(device.page, NAME)));
      return said.every(({ phones, conflicts }) => phones.join() === `tel:${PHONE_OF_ZHAO}` && conflicts === 0);
    }, { timeout: TOGETHER_MS_MAX });
    console.log(`     the phones followed after ${Math.round(performance.now() - restored)} ms (at most ${TOGETHER_MS_MAX})`);
  });

  await chapter('the supervisor reads every visit with its photos in one log', async () => {
    const { page } = sun;
    await go(page, 'tab-log');
    for (const visit of VISITS) {
      const row = page.getByTestId('visit-row').filter({ hasText: visit.note });
      await row.waitFor();
      const text = await row.innerText();
      assert.ok(text.includes(visit.door) && text.includes(zhao.display), text);
      const pictures = await row.locator('img').evaluateAll((images) => Promise.all(images.map(async (image) => {
        await image.decode();
        return image.naturalWidth;
      })));
      assert.equal(pictures.length, 2);
    }
    assert.equal(await page.getByTestId('visit-row').count(), VISITS.length, 'the half visit is nobody else’s business');
  });

  await chapter('the photos arrive upright, without position and serial number', async () => {
    const stored = await until('every photo is on the server', async () => {
      const photos = await photosOfServer(server);
      return photos.length >= files.originals.length ? photos : null;
    }, { timeout: PHOTOS_MS_MAX });
    console.log(`     the photos were there ${Math.round(performance.now() - began)} ms after the server (at most ${PHOTOS_MS_MAX})`);
    assert.equal(stored.length, files.originals.length);
    stored.forEach(onlyPixels);
    const spare = await sun.context.newPage();
    const kept = [];
    for (const { bytes } of stored) kept.push(await look(spare, bytes, { turned: false }));
    for (const { name, buffer } of files.originals) {
      const wanted = await look(spare, buffer, { turned: true });
      const same = kept.filter((each) => isSame(each, wanted));
      assert.equal(same.length, 1, `${name} is not there as it was seen: ${JSON.stringify({ wanted, kept })}`);
    }
    // The test can tell a photo that lies on its side.
    const standing = await look(spare, files.originals[0].buffer, { turned: true });
    const lying = await look(spare, files.originals[0].buffer, { turned: false });
    assert.ok(!isSame({ ...lying, width: standing.width, height: standing.height }, standing));
    await spare.close();
    const row = sun.page.getByTestId('visit-row').filter({ hasText: VISITS[0].note });
    await row.getByTestId('photo').first().click();
    await until('the supervisor sees the whole photo, standing', async () => {
      const sides = await by(sun.page, 'photo-full').evaluate((image) => [image.naturalWidth, image.naturalHeight]);
      return sides.join() === '1200,1600';
    });
    await sun.page.keyboard.press('Escape');
  });

  await chapter('a second sync moves no record', async () => {
    const phones = [zhao, qian];
    const before = await server.figures();
    const lists = await Promise.all(phones.map(({ page }) => outbox(page, 'uploaded')));
    await walk(sun.page, '/outbox');
    for (const { page, name } of all) {
      const reply = await syncNow(page);
      const sent = reply.request().postDataBuffer()?.length ?? 0;
      const received = Number(await reply.headerValue('content-length'));
      assert.ok(received > 0 && sent <= IDLE_SYNC_BYTES_MAX && received <= IDLE_SYNC_BYTES_MAX, `${name}: ${sent} sent, ${received} received`);
    }
    assert.deepEqual(await server.figures(), before);
    assert.equal(before.parked, 0);
    const after = await Promise.all(phones.map(({ page }) => outbox(page, 'uploaded')));
    assert.deepEqual(after, lists);
    assert.equal((await outbox(zhao.page, 'drafts')).length, 1, 'the half visit is still there');
  });

  await chapter('the supervisor moves a household to another grid; the phones let it go and say so', async () => {
    const other = `${COMMUNITY}-02`;
    const { page } = sun;
    await openHousehold(page, DOOR);
    const before = await householdSays(page, NAME);
    const grid = await page.locator('.place-line').first().innerText();
    await by(page, 'household-edit').click();
    await by(page, 'household-grid').selectOption(other);
    await by(page, 'household-save').click();
    await shows(page, 'household');
    await until('it lies in the other grid', async () => {
      const waits = await page.getByTestId('household-moving').count() + await page.locator('.tag.waiting').count();
      return waits === 0 && await page.locator('.place-line').first().innerText() !== grid;
    }, { timeout: TOGETHER_MS_MAX });
    assert.deepEqual(await householdSays(page, NAME), before, 'with all that was recorded there');
    for (const phone of [zhao, qian]) {
      await walk(phone.page, '/why');
      await until('the phone names what went', async () => {
        const went = await phone.page.getByTestId('why-moved').allInnerTexts();
        return went.length === 1 && went[0].includes(DOOR);
      }, { timeout: TOGETHER_MS_MAX });
      await go(phone.page, 'tab-households');
      await by(phone.page, 'search').fill(DOOR);
      await until('it is not found', async () => await phone.page.getByTestId('search-hit').count() === 0);
    }
  });

  await chapter('no page complained and nobody asked another host', async () => {
    for (const { complaints, strangers } of all) {
      assert.deepEqual(complaints, []);
      assert.deepEqual(strangers, []);
    }
  });
}
