// Several tabs of one browser: one of them holds the database, the others work through it.
import assert from 'node:assert/strict';

import { faults } from './inspect.mjs';
import { beginVisit, by, openHousehold, recordVisit, shows, signIn, upToDate } from './pages.mjs';

const DOOR = '1-1-102';

export async function tabs({ chapter, newWorld }) {
  const world = await newWorld();
  const device = world.device('qian');

  await chapter('a second tab works through the first', async () => {
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
}
