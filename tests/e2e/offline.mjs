// Without a server: the app starts, takes text in every form, in pinyin too, and loses nothing when it dies.
import assert from 'node:assert/strict';

import { beginVisit, by, go, openHousehold, pathOf, reportIssue, shows, signIn, walk } from './pages.mjs';
import { listenTo } from './spy.mjs';
import { countTaps } from './taps.mjs';
import { until } from './until.mjs';

const DEATHS = 3;
const SPOKEN = '老人一个人住，儿子在外地，药快吃完了，说楼下便民药房周一才开门，约好明天上午再来一趟看看血压';

/** Types by way of an input method: what is shown on the way, then what is chosen. */
async function compose(device, page, steps, chosen) {
  const session = await device.context.newCDPSession(page);
  const shown = [];
  for (const text of steps) {
    await session.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    shown.push(await page.evaluate(() => document.activeElement.value));
  }
  if (chosen === '') {
    await session.send('Input.imeSetComposition', { text: '', selectionStart: 0, selectionEnd: 0 });
  } else {
    await session.send('Input.insertText', { text: chosen });
  }
  await session.detach();
  return shown;
}

/** The note of the visit form, once the kept draft has been read. */
async function keptNote(page) {
  await shows(page, 'visit-form');
  await shows(page, 'visit-discard');
  return by(page, 'visit-note').inputValue();
}

export async function offline({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const zhao = world.device('zhao');
  let kept = '';
  listenTo(zhao, (text) => { kept = text; });

  await chapter('with the server stopped, a reload and another tab open the app', async () => {
    await server.start();
    const page = await signIn(zhao);
    await server.stop();
    await page.reload({ waitUntil: 'domcontentloaded' });
    await shows(page, 'building');
    const tab = await zhao.tab('/start');
    await shows(tab, 'building');
    await tab.close();
    await zhao.close();
    await shows(await zhao.open('/'), 'start-visit');
  });

  await chapter('every form takes text and saves it', async () => {
    const { page } = zhao;
    const household = await openHousehold(page, '1-1-102');
    await by(page, 'household-edit').click();
    await by(page, 'household-note').fill('门铃坏了，请敲门');
    await by(page, 'household-save').click();
    await page.locator('.wish', { hasText: '门铃坏了，请敲门' }).waitFor();
    await by(page, 'resident-add').click();
    await by(page, 'resident-name').fill('欧阳小满');
    await by(page, 'resident-phone-1').fill('120 0000 ００33');
    await by(page, 'resident-save').click();
    const card = page.getByTestId('resident').filter({ hasText: '欧阳小满' });
    assert.equal(await card.getByTestId('phone').getAttribute('href'), 'tel:12000000033');
    await by(page, 'report-issue').click();
    await reportIssue(page, { category: 'hygiene', title: '垃圾桶满了', note: '物业说下午来收' });
    assert.equal(await by(page, 'issue-state').getAttribute('data-state'), 'reported');
    await walk(page, household);
    await by(page, 'record-visit').click();
    await shows(page, 'visit-form');
    await by(page, 'outcome-not_at_home').check();
    await by(page, 'visit-note').fill('敲门没人应');
    await by(page, 'visit-save').click();
    await page.getByTestId('visit-row').filter({ hasText: '敲门没人应' }).waitFor();
  });

  await chapter('pinyin neither doubles nor loses a character, and the draft holds the word', async () => {
    const { page } = zhao;
    await beginVisit(page, '1-1-201');
    const note = by(page, 'visit-note');
    await note.click();
    const shown = await compose(zhao, page, ['l', 'lo', 'lou', "lou'd", "lou'dao"], '楼道');
    assert.deepEqual(shown, ['l', 'lo', 'lou', "lou'd", "lou'dao"]);
    await compose(zhao, page, ['d', 'deng'], '灯');
    await page.keyboard.type('3');
    await compose(zhao, page, ['h', 'huai'], '');
    await compose(zhao, page, ['h', 'huai'], '坏');
    await page.keyboard.press('Home');
    await compose(zhao, page, ['s', 'san'], '三');
    assert.equal(await note.inputValue(), '三楼道灯3坏');
    await until('the draft is kept', () => kept === '三楼道灯3坏');
    await page.reload({ waitUntil: 'domcontentloaded' });
    assert.equal(await keptNote(page), '三楼道灯3坏');
    await by(page, 'visit-save').click();
    await page.getByTestId('visit-row').filter({ hasText: '三楼道灯3坏' }).waitFor();
  });

  await chapter('a name typed in pinyin is found at once', async () => {
    const { page } = zhao;
    await go(page, 'tab-households');
    await by(page, 'search').click();
    await compose(zhao, page, ['z', 'zhao', "zhao'han"], '赵涵');
    await page.getByTestId('search-hit').filter({ hasText: '赵涵' }).first().waitFor();
    assert.equal(await by(page, 'search').inputValue(), '赵涵');
  });

  for (let death = 1; death <= DEATHS; death += 1) {
    await chapter(`killed while typing, nothing that was kept is lost (${death} of ${DEATHS})`, async () => {
      const page = zhao.page ?? await zhao.open('/');
      await shows(page, 'sync-chip');
      await beginVisit(page, '1-1-301');
      const form = pathOf(page);
      kept = '';
      await by(page, 'visit-note').click();
      const typing = page.keyboard.type(SPOKEN, { delay: 20 }).catch(() => {});
      await until('some of it is kept', () => kept.length >= 8 * death);
      const known = kept;
      await zhao.kill();
      await typing;
      const found = await keptNote(await zhao.open(form));
      assert.ok(SPOKEN.startsWith(found), found);
      assert.ok(found.startsWith(known), `kept was “${known}”, found is “${found}”`);
      await by(zhao.page, 'visit-discard').click();
      await until('the form is left', () => !pathOf(zhao.page).startsWith('/visit/'));
      await walk(zhao.page, '/');
    });
  }

  await countTaps({ chapter, device: zhao });

  await chapter('what was saved without a server reaches it later', async () => {
    const before = await server.figures();
    await server.start();
    await until('everything is uploaded', async () => await by(zhao.page, 'sync-chip').getAttribute('data-state') === 'sync-up-to-date');
    const after = await server.figures();
    assert.ok(after.operations >= before.operations + 5, JSON.stringify({ before, after }));
    assert.equal(after.parked, 0);
    assert.deepEqual(zhao.complaints, []);
    assert.deepEqual(zhao.strangers, []);
  });
}
