import { parseExample, type Example } from './parse-example';

const files = import.meta.glob<string>('../../../../client-schema/operations/explorer/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export const examples: Example[] = Object.keys(files)
  .sort()
  .map((path) => parseExample(path, files[path]!));
