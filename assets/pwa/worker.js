// The dedicated worker that holds the database: the same app as the page; its main() sees that there is no window.
import start from './{{app}}';

// Messages that arrive before the app listens are kept and handed over in order.
const early = [];
const keep = (event) => early.push(event);
self.addEventListener('message', keep);

start({ module_or_path: '/{{wasm}}' }).then(() => {
  self.removeEventListener('message', keep);
  for (const { data, ports } of early) self.dispatchEvent(new MessageEvent('message', { data, ports }));
}).catch((error) => {
  // Unhandled, so that the page's "error" listener hears of it.
  setTimeout(() => { throw error; });
});
