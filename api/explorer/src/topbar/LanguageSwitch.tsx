import { language, setLanguage, useTexts, type Language } from '../language/language';
import { useStore } from '../state/store';

const CHOICES: [Language, string][] = [
  ['zh-CN', '中文'],
  ['en', 'English'],
];

export function LanguageSwitch() {
  const texts = useTexts();
  const shown = useStore(language);
  return (
    <div className="language" role="group" aria-label={texts.language}>
      {CHOICES.map(([value, label]) => (
        <button
          key={value}
          type="button"
          lang={value}
          data-testid={`language-${value}`}
          aria-pressed={value === shown}
          onClick={() => setLanguage(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
