import { getOperationAST, parse, type DocumentNode } from 'graphql';

export interface Example {
  id: string;
  title: Bilingual;
  description: Bilingual;
  kind: 'query' | 'mutation' | 'subscription';
  operationName: string | undefined;
  query: string;
  variables: string;
  document: DocumentNode;
}

export type Bilingual = { 'zh-CN': string; en: string };

/**
 * Reads a file whose first lines are `# title zh | title en`, `# description zh | description en` and, if the
 * operation has variables, `# variables: {…}`. A number before the file's name only gives it its place in the list.
 */
export function parseExample(path: string, text: string): Example {
  const id = path.replace(/^.*\//, '').replace(/^\d+-/, '').replace(/\.graphql$/, '');
  try {
    const { comments, query } = split(text);
    const [title, description, ...rest] = comments;
    const document = parse(query);
    const operation = getOperationAST(document);
    if (!operation) throw new Error('there must be exactly one operation');
    return {
      id,
      title: bilingual(title),
      description: bilingual(description),
      kind: operation.operation,
      operationName: operation.name?.value,
      query,
      variables: variables(rest),
      document,
    };
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

function split(text: string) {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const comments = lines.slice(0, end).map((line) => line.slice(1).trim());
  return { comments, query: lines.slice(end).join('\n').trim() + '\n' };
}

function bilingual(line = ''): Bilingual {
  const [zh, en] = line.split(' | ');
  if (!zh || !en) throw new Error(`expected "# 中文 | English", found "# ${line}"`);
  return { 'zh-CN': zh.trim(), en: en.trim() };
}

function variables(lines: string[]): string {
  const prefix = 'variables:';
  const line = lines.find((each) => each.startsWith(prefix));
  return line ? JSON.stringify(JSON.parse(line.slice(prefix.length)), null, 2) : '';
}
