// The words on the screens, read from the same files as the app reads them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './world.mjs';

const KEY = /^([a-z][a-z0-9-]*) *=(.*)$/;

/** The languages of the screens. */
export const LANGUAGES = ['zh-CN', 'en'];

function read(language) {
  const lines = readFileSync(join(ROOT, 'assets/i18n', `${language}.ftl`), 'utf8').split('\n');
  return new Map(lines.map((line) => KEY.exec(line)).filter(Boolean).map(([, key, text]) => [key, text.trim()]));
}

const texts = new Map(LANGUAGES.map((language) => [language, read(language)]));
const families = new Set([...texts.get('en').keys()].filter((key) => key.includes('-')).map((key) => key.split('-')[0]));

/** The words of a key in Chinese, which is what a device shows at first. */
export function words(key, language = 'zh-CN') {
  const text = texts.get(language).get(key);
  if (!text) throw new Error(`there is no ${key} in ${language}`);
  return text;
}

/** What in a text looks like a key that has no words: `visit-note`, `sync-idle`. */
export function rawKeys(text) {
  const known = texts.get('en');
  const lookalikes = text.match(/(?<![\w/.:@-])[a-z]+(?:-[a-z0-9_]+)+(?![\w/.@-])/g) ?? [];
  return lookalikes.filter((each) => known.has(each) || families.has(each.split('-')[0]));
}
