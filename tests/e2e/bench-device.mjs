// Measures a device that holds 20,000 residents, without a server: start, save, search. One JSON object per figure.
//
//   cargo xtask bench device
import assert from 'node:assert/strict';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

import { PHONE } from './device.mjs';
import { by, beginVisit, go, openHousehold, pathOf, shows, signIn, walk } from './pages.mjs';
import { slowGroup, slowPage } from './slow.mjs';
import { durations, listenTo } from './spy.mjs';
import { until } from './until.mjs';
import { COMMUNITY, Template, World, settingsOf } from './world.mjs';

const RESIDENTS_MIN = 20_000;
const RUNS = 5;
const SAVES = 50;
const START_MS_MAX = 1_000;
const SLOW_START_MS_MAX = 2_500;
const SLOWER = 4;
const ANSWER_MS_MAX = 50;
const FILL_MS_MAX = 20 * 60_000;
/** 茶山街道: the register stands for four of its communities. */
const COMMUNITIES = [COMMUNITY, '320402003001', '320402003002', '320402003003'];
const PEOPLE = { wei: { display: '魏来', role: 'member', areas: COMMUNITIES, viewport: PHONE } };

/** Names, two characters, pinyin, initials, doors in several spellings, telephone numbers: 50 different searches. */
const SEARCHES = [
  '赵涵', '武军刚', '萧伟兰', '黄凤', '范美翠', '孙海轩', '刘琴海', '杨超小', '赵胜莲', '赵霞玲',
  '伟兰', '军刚', '美翠', '海轩', '琴海', '涵', '赵', '王', '李', '张伟',
  'zhaohan', 'wujungang', 'xiaoweilan', 'huangfeng', 'fanmeicui', 'sunhaixuan', 'liu', 'yang', 'zhao', 'wang',
  'zh', 'wjg', 'xwl', 'hf', 'fmc', 'shx', 'lqh',
  '1-1-101', '1栋1单元102室', '１－１－２０１', '2-1-301', '3#2单元501', '3幢2-501', '101', '4-2',
  '12009375836', '12033343251', '5836', '1204276', '没有这个人',
];

const machine = { processor: cpus()[0]?.model.trim(), cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30), system: `${platform()} ${release()}` };
let missed = 0;

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];
const p95 = (values) => sorted(values)[Math.ceil(values.length * 0.95) - 1];
const rounded = (value) => Math.round(value * 10) / 10;

/** Prints one figure; one with a limit may miss it. */
function report(figure, value, { limit = null, unit = 'ms', ...more } = {}) {
  const good = limit === null || value <= limit;
  if (!good) missed += 1;
  console.log(JSON.stringify({ figure, value: rounded(value), limit, unit, good, ...more, load: rounded(loadavg()[0]), machine }));
}

/** Fills the device and says how much it holds. */
async function fill(device) {
  const began = performance.now();
  const page = await signIn(device, FILL_MS_MAX);
  report('first sync', (performance.now() - began) / 1000, { unit: 's' });
  await walk(page, '/settings');
  await shows(page, 'storage');
  const [, residents] = await until('the storage is counted', async () => {
    // The line with three whole numbers; sizes, which are there first, have a point.
    const lines = (await by(page, 'storage').innerText()).replace(/[,\u2068\u2069]/g, '').split('\n');
    const counted = lines.map((line) => line.match(/^\D*(\d+)\D+(\d+)\D+(\d+)\D*$/)).find(Boolean);
    return counted?.slice(1).map(Number) ?? null;
  });
  assert.ok(residents >= RESIDENTS_MIN, `${residents} residents on the device`);
  report('residents on the device', residents, { unit: 'residents' });
}

/** From opening the page to the visit form accepting text, in a browser that was just started. */
async function startOnce(device, path, { page: pageTimes = 1, all: allTimes = 1 }) {
  await device.close();
  const page = await device.launch();
  if (pageTimes > 1) await slowPage(page, pageTimes);
  const slow = allTimes > 1 ? slowGroup(await device.leader(), allTimes) : null;
  try {
    await device.open(path);
    const note = by(page, 'visit-note');
    await note.pressSequentially('好');
    assert.equal(await note.inputValue(), '好');
    await shows(page, 'visit-discard');
    const at = (name) => page.evaluate((mark) => performance.getEntriesByName(mark)[0]?.startTime ?? 0, name);
    const marks = await until('both marks are set', async () => {
      const [form, database] = [await at('koumen-form-ready'), await at('koumen-db-ready')];
      return form > 0 && database > 0 ? { form, database } : null;
    });
    return { ...marks, times: await slow?.stop() ?? pageTimes };
  } finally {
    await slow?.stop();
  }
}

async function start(device, path, label, slower, limit) {
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await startOnce(device, path, slower));
  const times = rounded(median(runs.map((each) => each.times)));
  report(`offline start to the visit form accepting text, ${label}`, median(runs.map((each) => each.form)), { limit, runs: RUNS, slower: times });
  report(`offline start to the database answering, ${label}`, median(runs.map((each) => each.database)), { runs: RUNS, slower: times });
}

/** Saves visits one after the other; the time is that of the question to the database until its answer. */
async function save(page) {
  const doors = ['1-1-101', '1-1-102', '1-1-201', '1-1-301', '1-1-302'];
  for (let count = 0; count < SAVES; count += 1) {
    await beginVisit(page, doors[count % doors.length]);
    await by(page, 'visit-note').fill(`第 ${count + 1} 次走访：一切都好，药还够用一周`);
    await by(page, 'visit-save').click();
    await shows(page, 'saved-next');
  }
  const saves = await durations(page, 'FinishDraft');
  assert.equal(saves.length, SAVES);
  report('saving a visit, 95th percentile', p95(saves), { limit: ANSWER_MS_MAX, runs: saves.length });
  report('saving a visit, median', median(saves), { runs: saves.length });
  const drafts = await durations(page, 'SaveDraft');
  report('keeping a draft, 95th percentile', p95(drafts), { limit: ANSWER_MS_MAX, runs: drafts.length });
}

async function search(page) {
  await go(page, 'tab-households');
  await page.evaluate(() => { window.koumenCalls.length = 0; });
  for (const [index, text] of SEARCHES.entries()) {
    await by(page, 'search').fill(text);
    await until('the search is answered', async () => (await durations(page, 'Search')).length === index + 1, { every: 10 });
  }
  const found = await durations(page, 'Search');
  assert.equal(found.length, SEARCHES.length);
  report('finding somebody, 95th percentile', p95(found), { limit: ANSWER_MS_MAX, runs: found.length });
  report('finding somebody, median', median(found), { runs: found.length });
}

assert.equal(new Set(SEARCHES).size, 50);
const settings = settingsOf(process.env);
const template = new Template(settings, { communities: COMMUNITIES, people: PEOPLE });
const world = await World.make(template);
try {
  const device = world.device('wei');
  listenTo(device);
  await world.server.start();
  await fill(device);
  await world.server.stop();
  const household = await openHousehold(device.page, '1-1-101');
  const path = `/visit/new/${household.split('/').pop()}`;
  await start(device, path, 'as the machine is', {}, START_MS_MAX);
  await start(device, path, 'page slowed 4 times', { page: SLOWER }, SLOW_START_MS_MAX);
  await start(device, path, 'whole browser slowed 4 times', { all: SLOWER }, SLOW_START_MS_MAX);
  await device.close();
  const page = await device.open('/');
  await shows(page, 'start-visit');
  await save(page);
  await search(page);
  assert.equal(pathOf(page), '/households');
} finally {
  await world.end();
  await template.remove();
}
process.exitCode = missed === 0 ? 0 : 1;
