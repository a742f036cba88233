import { createStore } from './store';

/** What went wrong outside the editors, in the words to show. */
export const notice = createStore<string | null>(null);
