import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { EditorOptions } from './EditorOptions';
import { EXAMPLES_PLUGIN } from './examples/ExamplesPlugin';
import { fetcher } from './graphql/fetcher';
import { schema } from './graphql/roles';
import { editorStorage } from './state/browser-storage';
import { Notice } from './topbar/Notice';
import { TopBar } from './topbar/TopBar';

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];

const WELCOME = `# 从左侧“示例”中选一个，或在此书写；Ctrl+空格 补全，Ctrl+Enter 运行。
# Pick an example on the left, or write here; Ctrl+Space completes, Ctrl+Enter runs.

query Hello {
  __typename
}
`;

export function App() {
  return (
    <>
      <TopBar />
      <Notice />
      <main>
        <GraphiQL
          fetcher={fetcher}
          storage={editorStorage}
          plugins={PLUGINS}
          visiblePlugin={EXAMPLES_PLUGIN}
          defaultQuery={WELCOME}
          defaultEditorToolsVisibility="variables"
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
          inputValueDeprecation
          schemaDescription
          onSchemaChange={schema.set}
        >
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
          <EditorOptions />
        </GraphiQL>
      </main>
    </>
  );
}
