// What is wrong with a screen: for people who hear it, who see it large, who read it, who touch it.
import { AxeBuilder } from '@axe-core/playwright';

import { rawKeys } from './texts.mjs';

/** The least height of what is touched, CSS pixels; half a pixel is lost by rounding. */
const TARGET_PX_MIN = 47.5;

/** Runs in the page: everything that can be seen without axe. */
function lookAround(targetMin) {
  const root = document.scrollingElement;
  const name = (element) => {
    const words = element.getAttribute('aria-label') || element.textContent.trim() || element.id;
    return `${element.dataset.testid ?? element.className} “${words.slice(0, 30)}”`;
  };
  const visible = (element) => element.checkVisibility({ visibilityProperty: true })
    && element.getBoundingClientRect().bottom > 0 && element.getBoundingClientRect().width > 1;
  const touched = [...document.querySelectorAll('a[href], button, select, input, textarea, summary')].filter(visible);
  const small = touched.map((element) => {
    const box = (element.closest('label') ?? element).getBoundingClientRect();
    return box.height < targetMin ? `${name(element)} is ${box.height.toFixed(1)} px high` : null;
  });
  const wide = root.scrollWidth > root.clientWidth
    ? [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 3).map((element) => `scrolls sideways by ${name(element)}`)
    : [];
  const spoken = [...document.querySelectorAll('[aria-label], [placeholder], [alt], [title]')]
    .flatMap((element) => ['aria-label', 'placeholder', 'alt', 'title'].map((attribute) => element.getAttribute(attribute) ?? ''));
  return { small: small.filter(Boolean), wide, text: [document.title, document.body.innerText, ...spoken].join('\n') };
}

/** Everything that is wrong with what the page shows, one sentence each. */
export async function faults(page) {
  const { small, wide, text } = await page.evaluate(lookAround, TARGET_PX_MIN);
  const keys = rawKeys(text).map((key) => `shows the key ${key}`);
  // The page is one document without frames, which is what this mode is for.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const axe = violations.map(({ id, impact, nodes }) => {
    const where = nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`);
    return `axe ${id} (${impact}): ${where.join(' | ')}`;
  });
  return [...small, ...wide, ...keys, ...axe];
}

/** What the keyboard is on: its test id, and whether that can be seen. */
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const drawn = [element, element.nextElementSibling, element.parentElement].filter(Boolean)
      .some((each) => getComputedStyle(each).outlineStyle !== 'none' && parseFloat(getComputedStyle(each).outlineWidth) >= 2);
    return { id: element.dataset.testid ?? '', seen: element.matches(':focus-visible') && drawn };
  });
}
