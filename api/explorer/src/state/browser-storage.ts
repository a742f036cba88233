function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    // Browsers refuse storage in some private windows; the page works without it.
    return null;
  }
}

function fields(storage: () => Storage) {
  return {
    getItem: (key: string) => attempt(() => storage().getItem(key)),
    setItem: (key: string, value: string) => void attempt(() => storage().setItem(key, value)),
    removeItem: (key: string) => void attempt(() => storage().removeItem(key)),
  };
}

export const tabStorage = fields(() => sessionStorage);
export const deviceStorage = fields(() => localStorage);

const EDITOR_PREFIX = 'graphiql:';
const THEME_KEY = 'graphiql:theme';

function storageOf(key: string) {
  return key === THEME_KEY ? deviceStorage : tabStorage;
}

function editorKeys(): string[] {
  return attempt(() => Object.keys(sessionStorage).filter((key) => key.startsWith(EDITOR_PREFIX))) ?? [];
}

/**
 * Operations and their variables name residents, and office computers are shared: GraphiQL's tabs and history
 * end with the browser tab. Only the theme outlives it.
 */
export const editorStorage = {
  getItem: (key: string) => storageOf(key).getItem(key),
  setItem: (key: string, value: string) => storageOf(key).setItem(key, value),
  removeItem: (key: string) => storageOf(key).removeItem(key),
  clear() {
    for (const key of [...editorKeys(), THEME_KEY]) storageOf(key).removeItem(key);
  },
  get length() {
    return editorKeys().length;
  },
};
