// Several tabs of one browser: one of them holds the database, the others work through it.
import assert from 'node:assert/strict';
import { copyFile, cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { faults } from './inspect.mjs';
import { beginVisit, by, openHousehold, recordVisit, shows, signIn, upToDate } from './pages.mjs';

const DOOR = '1-1-102';
/** The worker of another version of the app. */
const OTHER_WORKER = 'worker-other.js';

export async function tabs({ chapter, newWorld }) {
  const world = await newWorld();
  const device = world.device('qian');

  await chapter('a second tab works through the first', async () => {
    const web = join(world.folder, 'web');
    await cp(world.server.web, web, { recursive: true });
    const worker = (await readdir(web)).find((name) => /^worker-.*\.js$/.test(name));
    await copyFile(join(web, worker), join(web, OTHER_WORKER));
    world.server.web = web;
    await world.server.start();
    const first = await signIn(device);
    await openHousehold(first, DOOR);
    const second = await device.tab('/');
    await shows(second, 'following');
    await recordVisit(second, { door: DOOR, note: '第二个标签页写的' });
    assert.deepEqual(await faults(second), []);
    await first.getByTestId('visit-row').filter({ hasText: '第二个标签页写的' }).waitFor();
    await upToDate(second);
  });

  await chapter('it takes over when the first is closed', async () => {
    const [first, second] = device.context.pages();
    await beginVisit(second, '1-1-201');
    await by(second, 'visit-note').pressSequentially('第一个标签页还开着');
    await first.close();
    await by(second, 'visit-note').pressSequentially('，现在关了');
    await by(second, 'visit-save').click();
    await second.getByTestId('visit-row').filter({ hasText: '第一个标签页还开着，现在关了' }).waitFor();
    await upToDate(second);
    const third = await device.tab('/');
    await shows(third, 'following');
    await openHousehold(third, '1-1-201');
    await third.getByTestId('visit-row').filter({ hasText: '第一个标签页还开着，现在关了' }).waitFor();
    device.page = second;
    assert.deepEqual(device.complaints, []);
  });

  await chapter('a tab of another version does nothing through them, says so, and goes on when they are closed', async () => {
    const [second, third] = device.context.pages();
    const other = await device.context.newPage();
    // Which version it is says the address of its worker.
    await other.addInitScript((address) => {
      const { Worker } = self;
      self.Worker = class extends Worker {
        constructor(_, options) {
          super(address, options);
        }
      };
    }, `/${OTHER_WORKER}`);
    await other.goto(world.server.origin, { waitUntil: 'domcontentloaded' });
    await shows(other, 'unusable');
    assert.match(await by(other, 'unusable').innerText(), /别的版本/);
    assert.deepEqual(await faults(other), []);
    await third.close();
    await openHousehold(second, '1-1-201');
    await second.getByTestId('visit-row').filter({ hasText: '第一个标签页还开着，现在关了' }).waitFor();
    await second.close();
    await openHousehold(other, '1-1-201');
    await other.getByTestId('visit-row').filter({ hasText: '第一个标签页还开着，现在关了' }).waitFor();
    device.page = other;
    assert.deepEqual(device.complaints, []);
  });
}
