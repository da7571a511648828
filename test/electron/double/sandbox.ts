/**
 * What Electron puts around a preload script in a sandboxed window: `require` of nothing but `electron`, of which there
 * are `ipcRenderer` and `contextBridge`. Strings, since they run in the page. The way to the main process is taken off
 * the page's global object before the page runs, as context isolation keeps it out of its reach.
 */
export const PRELOAD_HEAD = `(() => {
  if (window !== window.top) return;
  const invoke = window.__culvertInvoke;
  const next = window.__culvertNext;
  delete window.__culvertInvoke;
  delete window.__culvertNext;
  const listeners = new Map();
  const ipcRenderer = {
    invoke(channel, ...args) {
      // Throws DataCloneError for functions and the like, as Electron does.
      return invoke(channel, structuredClone(args));
    },
    on(channel, listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
  };
  const contextBridge = {
    exposeInMainWorld(name, api) {
      Object.defineProperty(window, name, { value: Object.freeze({ ...api }), writable: false, configurable: false });
    },
  };
  (async () => {
    for (let event = await next(); event; event = await next())
      for (const listener of listeners.get(event[0]) ?? []) listener({}, ...event.slice(1));
  })().catch(() => undefined);
  const require = (name) => {
    if (name !== 'electron') throw new Error('module not found: ' + name);
    return { ipcRenderer, contextBridge };
  };
  const script = (require, module, exports) => {
`;

export const PRELOAD_TAIL = `
  };
  script(require, { exports: {} }, {});
})();`;
