import { useStore } from '../state/store';
import { language, useTexts } from '../language/language';
import { examples } from './examples';
import { useOpenExample } from './use-open-example';

export function ExamplesPanel() {
  const texts = useTexts();
  const shown = useStore(language);
  const open = useOpenExample();
  return (
    <section className="examples" data-testid="examples" aria-label={texts.examples}>
      <h2>{texts.examples}</h2>
      <p className="examples-hint">{examples.length ? texts.examplesHint : texts.noExamples}</p>
      <ul>
        {examples.map((example) => (
          <li key={example.id}>
            <button type="button" data-testid={`example-${example.id}`} onClick={() => open(example)}>
              <span className="example-title">
                {example.title[shown]}
                {example.kind !== 'query' && <span className="example-kind">{example.kind}</span>}
              </span>
              <span className="example-description">{example.description[shown]}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
