import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { getOperationAST } from 'graphql';
import type { Example } from './parse-example';

export function useOpenExample() {
  const { addTab, setOperationFacts, updateActiveTabValues } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);

  return (example: Example) => {
    const { query, variables, operationName, document } = example;
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    // GraphiQL notices a changed text only after a pause; a run within it would ask for the last tab's operation.
    setOperationFacts({ documentAST: document, operationName, operations: [getOperationAST(document)!] });
    updateActiveTabValues({ query, variables, operationName: operationName ?? null });
    queryEditor?.focus();
  };
}
