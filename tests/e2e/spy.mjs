// Listens to what the page asks of the worker that holds the database, and when the answers come.
//
// The messages are the app's own (postcard): a request begins with its number and the number of its kind, an answer
// with a zero byte and the number of the request. The kinds are read from the app's source.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './world.mjs';

/** The names of the calls, in the order of their numbers. */
export function callNames() {
  const source = readFileSync(join(ROOT, 'app/replica/src/calls.rs'), 'utf8');
  const body = /^calls! \{\n([\s\S]*?)\n\}\n/m.exec(source)?.[1];
  if (!body) throw new Error('app/replica/src/calls.rs has no list of calls');
  return [...body.matchAll(/^ {8}([A-Z]\w*) \{/gm)].map((match) => match[1]);
}

/** Runs in the page before the app: keeps `{ call, asked, answered, text }` of every call in `koumenCalls`. */
export function spyScript({ names, report }) {
  const open = new Map();
  window.koumenCalls = [];
  const number = (bytes, at) => {
    let [value, place] = [0, 1];
    for (let next = at; next < bytes.length; next += 1) {
      value += (bytes[next] & 0x7f) * place;
      place *= 128;
      if (bytes[next] < 0x80) return [value, next + 1];
    }
    return [value, bytes.length];
  };
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...setup) {
      super(...setup);
      this.addEventListener('message', ({ data }) => {
        if (!(data instanceof Uint8Array) || data[0] !== 0) return;
        const [id] = number(data, 1);
        const entry = open.get(id);
        if (!entry) return;
        open.delete(id);
        entry.answered = performance.now();
        if (report && entry.call === 'SaveDraft') window[report](entry.text);
      });
    }

    postMessage(data, ...rest) {
      if (data instanceof Uint8Array) {
        const [id, after] = number(data, 0);
        const call = names[number(data, after)[0]];
        const text = call === 'SaveDraft' ? document.getElementById('visit-note')?.value ?? '' : '';
        const entry = { call, asked: performance.now(), answered: 0, text };
        open.set(id, entry);
        window.koumenCalls.push(entry);
      }
      super.postMessage(data, ...rest);
    }
  };
}

/** Lets a device be listened to from its next start on; `onKept` hears the note of every draft known to be kept. */
export function listenTo(device, onKept = null) {
  const report = onKept ? 'koumenKept' : '';
  if (onKept) device.bindings.set(report, onKept);
  device.initScripts.push([spyScript, { names: callNames(), report }]);
}

/** How long the answered calls of a kind took, ms. */
export async function durations(page, call) {
  return page.evaluate((name) => window.koumenCalls.filter((each) => each.call === name && each.answered > 0)
    .map((each) => each.answered - each.asked), call);
}
