// The dedicated worker that holds the database: the same app as the page; its main() sees that there is no window.
import start from './{{app}}';

// Messages that arrive before the app listens are kept and handed over in order.
const early = [];
let begun = false;

const begin = (app) => {
  begun = true;
  start({ module_or_path: app }).then(() => {
    self.removeEventListener('message', hear);
    for (const { data, ports } of early) self.dispatchEvent(new MessageEvent('message', { data, ports }));
  }).catch((error) => {
    // Unhandled, so that the page's "error" listener hears of it.
    setTimeout(() => { throw error; });
  });
};

// The page's first word is the app, which it has fetched and compiled: nothing is fetched twice. Where that cannot be
// handed over, the worker fetches it by itself.
const hear = (event) => {
  const compiled = event.data instanceof WebAssembly.Module;
  if (!compiled) early.push(event);
  if (!begun) begin(compiled ? event.data : '/{{wasm}}');
};
self.addEventListener('message', hear);
self.addEventListener('messageerror', () => { if (!begun) begin('/{{wasm}}'); });
