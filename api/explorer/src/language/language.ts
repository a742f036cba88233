import { createStore, useStore } from '../state/store';
import { deviceStorage } from '../state/browser-storage';
import { texts } from './texts';

export type Language = 'zh-CN' | 'en';

const KEY = 'lianhu:language';

function initialLanguage(): Language {
  const stored = deviceStorage.getItem(KEY);
  if (stored === 'zh-CN' || stored === 'en') return stored;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

export const language = createStore<Language>(initialLanguage());

function applyToDocument() {
  document.documentElement.lang = language.get();
  document.title = currentTexts().title;
}

export function setLanguage(value: Language) {
  deviceStorage.setItem(KEY, value);
  language.set(value);
}

export function currentTexts() {
  return texts[language.get()];
}

export function useTexts() {
  return texts[useStore(language)];
}

language.subscribe(applyToDocument);
applyToDocument();
