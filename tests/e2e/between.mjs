// Stands between a page and its worker: holds messages back, answers in the worker's place, changes what is asked.
//
// Messages are postcard (app/replica/src/wire.rs): a request begins with its number, an answer is [0, number, 1, error].

/** `ErrorCode::StorageFull`, without detail and field. */
const FULL = [6, 0, 0];

/** Put before the app by `device.initScripts.push([between, null])`. */
export function between() {
  const find = (bytes, part) => {
    for (let at = 0; at + part.length <= bytes.length; at += 1) if (part.every((byte, index) => bytes[at + index] === byte)) return at;
    return -1;
  };
  const line = { rules: [], held: [] };
  window.line = line;
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function postMessage(message, transfer) {
    if (!(message instanceof Uint8Array)) return post.call(this, message, transfer);
    const rule = line.rules.find(({ part }) => find(message, part) >= 0);
    if (!rule) return post.call(this, message, transfer);
    if (rule.hold) {
      line.rules.splice(line.rules.indexOf(rule), 1);
      line.held.push(() => post.call(this, message));
      return undefined;
    }
    if (rule.refuse) {
      const length = message.findIndex((byte) => byte < 128) + 1;
      const answer = Uint8Array.from([0, ...message.subarray(0, length), 1, ...rule.refuse]);
      queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data: answer })));
      return undefined;
    }
    const at = find(message, rule.part);
    const changed = [...message.subarray(0, at), ...rule.by, ...message.subarray(at + rule.part.length)];
    return post.call(this, Uint8Array.from(changed));
  };
}

const bytesOf = (text) => [...Buffer.from(text)];
const add = (page, rule) => page.evaluate((added) => { window.line.rules.push(added); }, rule);

/** The bytes of the id in an address. */
export const idBytes = (id) => [...Buffer.from(id.replaceAll('-', ''), 'hex')];

/** Holds back the next message with this part, until `letGo`. */
export const hold = (page, part) => add(page, { part, hold: true });

/** Answers every message with this text that the device is full. */
export const refuse = (page, part) => add(page, { part, refuse: FULL });

/** Replaces one text by another one, each behind its length. */
export const swap = (page, from, by) => {
  const texts = (all) => all.flatMap((text) => [bytesOf(text).length, ...bytesOf(text)]);
  return add(page, { part: texts(from), by: texts(by) });
};

export const text = bytesOf;

/** Nothing is changed any more; what was held back goes through. */
export const letGo = (page) => page.evaluate(() => {
  window.line.rules.length = 0;
  for (const post of window.line.held.splice(0)) post();
});
