// How many taps it takes from opening the app to a saved visit. Typing is free, tapping into a field is not.
import assert from 'node:assert/strict';

import { by, shows } from './pages.mjs';
import { YARD, photoFile } from './photos.mjs';
import { until } from './until.mjs';

/** Shutter and “use this photo”: taps inside the camera that the phone shows. */
const CAMERA_TAPS = 2;
const SCRIPT_MS_MAX = 30_000;

/** Opens the app anew and counts what is tapped. */
async function begin(device) {
  const page = await device.open('/');
  let taps = 0;
  const began = performance.now();
  const tap = async (id) => {
    taps += 1;
    await by(page, id).click();
  };
  for (const id of ['start-visit', 'building', 'door']) await tap(id);
  await shows(page, 'visit-form');
  await tap('phrase-all_well');
  const done = (most) => {
    assert.ok(taps <= most, `${taps} taps, at most ${most}`);
    assert.ok(performance.now() - began < SCRIPT_MS_MAX);
  };
  return { page, tap, more: (count) => { taps += count; }, done };
}

export async function countTaps({ chapter, device }) {
  await chapter('from opening the app to a saved visit it takes at most 5 taps', async () => {
    const { page, tap, done } = await begin(device);
    await tap('visit-save');
    await shows(page, 'saved-next');
    done(5);
  });

  await chapter('with a photo at most 8', async () => {
    const { page, tap, more, done } = await begin(device);
    const chooser = page.waitForEvent('filechooser');
    await tap('photo-camera');
    await (await chooser).setFiles(await photoFile(YARD, 'IMG_1.jpg'));
    more(CAMERA_TAPS);
    await until('the photo is kept', async () => await page.getByTestId('photo').count() === 1
      && await page.getByTestId('photo-busy').count() === 0);
    await tap('visit-save');
    await shows(page, 'saved-next');
    done(8);
  });

  await chapter('with an issue at most 10', async () => {
    const { page, tap, done } = await begin(device);
    await tap('visit-save');
    await tap('saved-report-issue');
    await tap('category-facilities');
    await tap('issue-title');
    await page.keyboard.type('楼道灯坏了');
    await tap('issue-save');
    await shows(page, 'issue');
    done(10);
  });
}
