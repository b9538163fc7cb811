// Runs the browser tests one after the other and counts them.
//
//   cargo xtask test --only browser                       builds what is needed and runs this
//   node tests/e2e/run.mjs --only story                   one suite; needs KOUMEN_SERVER_BIN, KOUMEN_WEB_DIR, CHROMIUM;
//                                                         the suite tus also KOUMEN_PHOTO_WORLD_BIN
//   node tests/e2e/run.mjs --only screens --shots DIR     leaves a picture of every screen in DIR
import { parseArgs } from 'node:util';

import { abuse } from './abuse.mjs';
import { back } from './back.mjs';
import { building } from './building.mjs';
import { care } from './care.mjs';
import { conformance } from './conformance.mjs';
import { door } from './door.mjs';
import { first } from './first.mjs';
import { decided } from './decided.mjs';
import { forms } from './forms.mjs';
import { offline } from './offline.mjs';
import { parked } from './parked.mjs';
import { refused } from './refused.mjs';
import { revoked } from './revoked.mjs';
import { screens } from './screens.mjs';
import { shell } from './shell.mjs';
import { story } from './story.mjs';
import { tabs } from './tabs.mjs';
import { tus } from './tus.mjs';
import { verify } from './verify.mjs';
import { Template, World, settingsOf } from './world.mjs';

const SUITES = {
  tus,
  shell: ({ settings, check }) => shell({ webDir: settings.web, chromiumPath: settings.chromium, check }),
  first,
  conformance,
  story,
  door,
  building,
  back,
  offline,
  decided,
  care,
  forms,
  parked,
  refused,
  revoked,
  verify,
  tabs,
  abuse,
  screens,
};
/** No test takes longer; the longest opens every screen four times. */
const TEST_MS_MAX = 15 * 60_000;

const { values: options } = parseArgs({ options: { only: { type: 'string' }, shots: { type: 'string' } } });
if (options.only && !(options.only in SUITES)) throw new Error(`there is no suite ${options.only}: ${Object.keys(SUITES).join(', ')}`);
const settings = settingsOf(process.env);
const template = new Template(settings);
let [passed, failed] = [0, 0];

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function inTime(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${TEST_MS_MAX / 1000} s`)), TEST_MS_MAX);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One suite: its checks, its worlds, and the end of all of them. */
async function runSuite(name, suite) {
  const worlds = [];
  let broken = null;
  const check = async (title, body) => {
    const began = performance.now();
    try {
      await inTime(body);
      passed += 1;
      console.log(`ok   ${name}: ${title} (${seconds(began)})`);
    } catch (error) {
      failed += 1;
      broken ??= title;
      console.log(`FAIL ${name}: ${title} (${seconds(began)})\n${error.stack ?? error}`);
      for (const [index, world] of worlds.entries()) await world.pictures(`${name}-${failed}-${index}`).catch(() => {});
    }
  };
  /** A chapter that makes no sense when an earlier one failed. */
  const chapter = async (title, body) => {
    if (broken === null) return check(title, body);
    failed += 1;
    console.log(`FAIL ${name}: ${title} (not reached after: ${broken})`);
    return undefined;
  };
  const newWorld = async () => {
    const world = await World.make(template);
    worlds.push(world);
    return world;
  };
  try {
    await suite({ settings, options, check, chapter, newWorld });
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: it could not go on\n${error.stack ?? error}`);
    for (const [index, world] of worlds.entries()) await world.pictures(`${name}-${failed}-${index}`).catch(() => {});
  } finally {
    for (const world of worlds) await world.end();
  }
}

try {
  for (const [name, suite] of Object.entries(SUITES)) {
    if (!options.only || options.only === name) await runSuite(name, suite);
  }
} finally {
  await template.remove();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
