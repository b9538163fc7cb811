// A small world: a community with its register, people with accounts, one server, several devices.
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DESK, Device, PHONE } from './device.mjs';
import { Server, freePort } from './server.mjs';

/** The root of the project. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** 富强新村社区, whose register holds invented people only. */
export const COMMUNITY = '320402003012';
/** Its first grid. */
export const GRID = `${COMMUNITY}-01`;
const REGISTER = join(ROOT, 'assets/demo/register-fuqiang.xlsx');
const AREAS = join(ROOT, 'assets/demo/communities.csv');
const PASSWORD = 'knock-knock-7';

/** The people of the tests. Two grid members share a grid, so that their edits can meet. */
export const PEOPLE = {
  zhao: { display: '赵敏', role: 'member', areas: [GRID], viewport: PHONE },
  qian: { display: '钱伟', role: 'member', areas: [GRID], viewport: PHONE },
  sun: { display: '孙丽', role: 'supervisor', areas: [COMMUNITY], viewport: DESK },
};

/** What the tests are given: the programs, and where pictures of failures go. */
export function settingsOf(environment) {
  const settings = {
    program: environment.KOUMEN_SERVER_BIN,
    web: environment.KOUMEN_WEB_DIR,
    chromium: environment.CHROMIUM,
    photoWorld: environment.KOUMEN_PHOTO_WORLD_BIN,
    out: environment.KOUMEN_E2E_OUT || join(ROOT, 'target/e2e'),
  };
  for (const [name, key] of [['KOUMEN_SERVER_BIN', 'program'], ['KOUMEN_WEB_DIR', 'web'], ['CHROMIUM', 'chromium']]) {
    if (!settings[key]) throw new Error(`${name} is not set; run these tests by: cargo xtask test --only browser`);
  }
  return settings;
}

/**
 * The data folder that every world begins with: areas, registers, accounts. Made once, copied for each world.
 *
 * @param {{ communities?: string[], people?: object }} plan which communities get the register, and who there is
 */
export class Template {
  constructor(settings, { communities = [COMMUNITY], people = PEOPLE } = {}) {
    Object.assign(this, { settings, communities, people });
    this.made = null;
  }

  /** The folder; made at the first call. */
  folder() {
    this.made ??= this.#make();
    return this.made;
  }

  async #make() {
    const folder = await mkdtemp(join(tmpdir(), 'koumen-template-'));
    const { program, web } = this.settings;
    const server = new Server({ program, web, folder, port: 0 });
    await server.command(['import', 'areas', AREAS]);
    for (const community of this.communities) {
      await server.command(['import', 'register', REGISTER, '--community', community]);
    }
    for (const [name, person] of Object.entries(this.people)) {
      const areas = person.areas.flatMap((area) => ['--area', area]);
      const words = ['user', 'add', name, '--display', person.display, '--role', person.role, ...areas, '--password-stdin'];
      await server.command(words, `${PASSWORD}\n`);
    }
    return folder;
  }

  /** Removes what was made. */
  async remove() {
    const folder = await this.made?.catch(() => null);
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

/** A server and its devices, in a folder of their own. */
export class World {
  /** Makes a world from a template; its server does not run yet. */
  static async make(template) {
    const world = new World();
    const { program, web, chromium, out } = template.settings;
    Object.assign(world, { chromium, out, people: template.people, devices: [] });
    world.folder = await mkdtemp(join(tmpdir(), 'koumen-world-'));
    await cp(join(await template.folder(), 'data'), join(world.folder, 'data'), { recursive: true });
    world.server = new Server({ program, web, folder: world.folder, port: await freePort() });
    return world;
  }

  /** A device in the hands of a person. */
  device(person, name = person, viewport = this.people[person].viewport) {
    const { folder, chromium, server } = this;
    const device = new Device({ name, folder, program: chromium, viewport, server });
    Object.assign(device, { account: person, password: PASSWORD, display: this.people[person].display });
    this.devices.push(device);
    return device;
  }

  /** Pictures of everything that is open, for whoever looks into a failure. */
  async pictures(label) {
    await mkdir(this.out, { recursive: true });
    for (const device of this.devices) await device.pictures(this.out, label);
    await cp(this.server.log, join(this.out, `${label}-server.log`)).catch(() => {});
  }

  /** Stops everything and removes the folder. */
  async end() {
    for (const device of this.devices) await device.close().catch(() => {});
    await this.server.stop().catch((error) => console.error(String(error)));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
