// What is decided for a community is entered once, by its supervisor, and lies on every phone there, also without a connection.
import assert from 'node:assert/strict';

import { by, pathOf, shows, signIn, upToDate, walk } from './pages.mjs';
import { until } from './until.mjs';

const row = (page, text) => page.getByTestId('record-row').filter({ hasText: text });

export async function decided({ chapter, newWorld }) {
  const world = await newWorld();
  const { server } = world;
  const [sun, zhao] = [world.device('sun'), world.device('zhao')];
  let unit;

  await chapter('a supervisor and a member sign in', async () => {
    await server.start();
    await signIn(sun);
    await signIn(zhao);
    await upToDate(zhao.page);
  });

  await chapter('a supervisor finds units in the settings and begins one; half done it is a draft', async () => {
    const { page } = sun;
    await walk(page, '/settings');
    await by(page, 'records-unit').click();
    await shows(page, 'records-none');
    await by(page, 'record-new').click();
    await by(page, 'field-name').fill('惠民物业');
    await until('it is kept', async () => await by(page, 'record-discard').count() === 1);
    await walk(page, '/');
    await page.getByTestId('draft-row').filter({ hasText: '惠民物业' }).locator('a').click();
    await shows(page, 'record-form');
    assert.equal(await by(page, 'field-name').inputValue(), '惠民物业');
  });

  await chapter('what is wrong or missing is said at its field, and saved when it is put right', async () => {
    const { page } = sun;
    const errors = page.getByTestId('error');
    await by(page, 'field-phones').fill('12');
    await by(page, 'record-save').click();
    await until('the number is refused', async () => await errors.count() === 1);
    assert.equal(await page.locator('#field-phones-error').count(), 1);
    await by(page, 'field-phones').fill('0519-88880000、12345');
    await by(page, 'record-save').click();
    await page.locator('#field-sort-error').waitFor();
    await by(page, 'field-sort-property_company').check();
    await by(page, 'field-handles-facilities').check();
    await by(page, 'record-save').click();
    await shows(page, 'record');
    unit = pathOf(page);
    assert.deepEqual(await page.getByTestId('phone').evaluateAll((links) => links.map((link) => link.getAttribute('href'))), ['tel:051988880000', 'tel:12345']);
    await upToDate(page);
  });

  await chapter('a member has it without a connection, and no way to change it', async () => {
    const { page } = zhao;
    await walk(page, '/records/unit');
    await row(page, '惠民物业').waitFor();
    await server.stop();
    await row(page, '惠民物业').locator('a').click();
    await shows(page, 'record-field-sort');
    for (const id of ['record-edit', 'record-remove']) assert.equal(await by(page, id).count(), 0, id);
    await walk(page, '/records/unit');
    await row(page, '惠民物业').waitFor();
    assert.equal(await by(page, 'record-new').count(), 0);
  });

  await chapter('a correction says what stood there before; what is removed lies in the bin', async () => {
    const { page } = sun;
    await walk(page, unit);
    await by(page, 'record-edit').click();
    await shows(page, 'form-correction');
    await by(page, 'field-name').fill('惠民新物业');
    await by(page, 'record-save').click();
    await shows(page, 'earlier');
    assert.match(await by(page, 'earlier').textContent(), /惠民物业/);
    await by(page, 'record-remove').click();
    await shows(page, 'undo');
    await walk(page, '/records/unit');
    await shows(page, 'records-none');
    await walk(page, '/removed');
    await page.getByTestId('removed-row').filter({ hasText: '惠民新物业' }).getByTestId('removed-back').click();
    await walk(page, '/records/unit');
    await row(page, '惠民新物业').waitFor();
    await server.start();
    await upToDate(page);
    await walk(zhao.page, '/records/unit');
    await row(zhao.page, '惠民新物业').waitFor();
  });
}
