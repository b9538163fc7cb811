// Starts the app on the page, and looks after the service worker.
//
// The app and this script meet in three places only:
// - <html data-koumen-busy> is set by the app while a form is open: no new version is put in place meanwhile;
// - window event "koumen:opened" is sent by the app when its database is open: the old version is then let go;
// - <html data-koumen-update="waiting"> and window event "koumen:update" tell the app that a new version is here.
import start from './{{app}}';

const page = document.documentElement;
const FORM_LOCK = 'koumen-form';
const RETRY_MS = 60_000;

const failed = (error) => {
  console.error(error);
  const text = document.getElementById('splash-text');
  if (text) {
    text.textContent = typeof WebAssembly === 'object'
      ? '没能打开。已保存的记录都还在，请关闭后重新打开。\nCould not open. What was saved is still there; please close and open again.'
      : '这个浏览器太旧，无法打开叩门，请更新浏览器。\nThis browser is too old for Koumen; please update it.';
  }
};

const started = start({ module_or_path: '/{{wasm}}' }).catch(failed);

const busy = () => page.hasAttribute('data-koumen-busy');

let known = null;
const activateWhenIdle = () => {
  if (!known?.waiting || busy()) return;
  navigator.locks.request(FORM_LOCK, { mode: 'exclusive', ifAvailable: true }, (lock) => {
    if (lock) known.waiting?.postMessage({ type: 'activate' });
  });
};

// While a form is open in any tab, that tab holds the lock: all tabs get the new version together, or none.
let letFormGo = null;
const followForm = () => {
  if (busy() && !letFormGo) {
    const held = new Promise((done) => { letFormGo = done; });
    navigator.locks.request(FORM_LOCK, { mode: 'shared' }, () => held).then(activateWhenIdle);
  } else if (!busy() && letFormGo) {
    letFormGo();
    letFormGo = null;
  }
};

const announce = () => {
  page.dataset.koumenUpdate = 'waiting';
  window.dispatchEvent(new CustomEvent('koumen:update'));
  activateWhenIdle();
};

const watch = (registration) => {
  known = registration;
  const isUpdate = () => navigator.serviceWorker.controller !== null;
  const watchInstalling = () => {
    const fresh = registration.installing;
    fresh?.addEventListener('statechange', () => {
      if (fresh.state === 'installed' && isUpdate()) announce();
    });
  };
  registration.addEventListener('updatefound', watchInstalling);
  watchInstalling();
  if (registration.waiting && isUpdate()) announce();
  document.addEventListener('visibilitychange', () => {
    activateWhenIdle();
    if (document.visibilityState === 'visible') registration.update().catch(() => {});
  });
  setInterval(activateWhenIdle, RETRY_MS);
};

// A page that was opened by an older version starts again with the new one, once no form is open in it.
const reloadWhenIdle = () => {
  if (!busy()) {
    location.reload();
    return;
  }
  new MutationObserver(() => { if (!busy()) location.reload(); })
    .observe(page, { attributes: true, attributeFilter: ['data-koumen-busy'] });
};

if ('serviceWorker' in navigator && navigator.locks) {
  new MutationObserver(followForm).observe(page, { attributes: true, attributeFilter: ['data-koumen-busy'] });
  followForm();
  const firstVisit = !navigator.serviceWorker.controller;
  let expected = firstVisit;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    // The first service worker takes over the page that installed it; that page is of the same version.
    if (expected) expected = false;
    else reloadWhenIdle();
  });
  window.addEventListener('koumen:opened', () => {
    navigator.serviceWorker.controller?.postMessage({ type: 'opened' });
  });
  // Behind the app, whose files then lie in the browser's cache: what the service worker keeps is not fetched again.
  started.then(() => navigator.serviceWorker.register('/sw.js', { type: 'classic', updateViaCache: 'none' }))
    .then(watch)
    .catch((error) => console.warn('no offline start:', error));
}
