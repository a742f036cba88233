import type { GraphiQLPlugin } from '@graphiql/react';
import { ExamplesPanel } from './ExamplesPanel';

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round">
      <path d="M4 3.750h12M4 3.750v12.500h12V3.750M7.250 7.500h5.500M7.250 10.250h5.500M7.250 13h3" />
    </svg>
  );
}

// GraphiQL keeps the open panel by its title, so that it is the same in both languages.
export const EXAMPLES_PLUGIN: GraphiQLPlugin = {
  title: '示例 Examples',
  icon: ExamplesIcon,
  content: ExamplesPanel,
};
