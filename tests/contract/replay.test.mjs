// Every document of documents/, answered by the server and replayed through graphql-js.
//
// Beside NAME.graphql stands NAME.json:
//   as         the role that asks; without it nobody is signed in
//   prepare    a query whose data gives the variables their ids
//   variables  the variables; { "$from": "a.b.0.c" } is taken from what `prepare` gave
//   errors     the paths, joined by dots, at which the answer must hold an error
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { buildClientSchema, getIntrospectionQuery } from 'graphql';
import { nullAbove, replay } from './replay.mjs';
import { ask, data, signIn } from './world.mjs';

const folder = new URL('documents/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.graphql')).sort();
const tokens = new Map();
const answers = [];
let schema;

before(async () => {
  const options = { descriptions: false, inputValueDeprecation: true };
  schema = buildClientSchema(await data(undefined, getIntrospectionQuery(options)));
});

async function tokenOf(role) {
  if (role && !tokens.has(role)) tokens.set(role, await signIn(role));
  return tokens.get(role);
}

function filled(value, prepared) {
  if (Array.isArray(value)) return value.map((one) => filled(one, prepared));
  if (typeof value !== 'object' || value === null) return value;
  if (!value.$from) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, prepared)]));
  const found = value.$from.split('.').reduce((at, step) => at?.[step], prepared);
  assert.notEqual(found ?? null, null, `\`prepare\` gave nothing at ${value.$from}`);
  return found;
}

for (const name of names) {
  test(name, async () => {
    const source = readFileSync(new URL(name, folder), 'utf8');
    const about = JSON.parse(readFileSync(new URL(name.replace(/graphql$/, 'json'), folder), 'utf8'));
    const token = await tokenOf(about.as);
    const prepared = about.prepare && await data(token, about.prepare);
    const variables = filled(about.variables ?? {}, prepared);
    const answer = await ask(token, source, variables);
    const errors = (answer.errors ?? []).map(({ path }) => path?.join('.')).sort();
    assert.deepEqual(errors, (about.errors ?? []).sort(), JSON.stringify(answer.errors));
    replay(schema, source, variables, answer);
    answers.push({ source, ...answer });
  });
}

// Documents come and go; together they must keep showing what an engine can get wrong.
test('the documents cover what matters', () => {
  const failures = answers.flatMap(({ data: body, errors = [] }) => errors.map(
    ({ path }) => ({ body, path, nulled: nullAbove(body, path) }),
  ));
  const lists = (value) => (value && typeof value === 'object'
    ? [...(Array.isArray(value) ? [value] : []), ...Object.values(value).flatMap(lists)] : []);
  const covered = {
    'an alias': answers.some(({ source }) => /\w+:\s*\w+\s*[({]/.test(source)),
    'a fragment': answers.some(({ source }) => /\.\.\.\s*(?!on\b)\w/.test(source)),
    'an inline fragment': answers.some(({ source }) => /\.\.\.\s*on\b/.test(source)),
    'a null in a list': answers.some(({ data: body }) => lists(body).some(
      (list) => list.includes(null) && list.some((one) => one !== null))),
    'an error on a nullable field': failures.some(({ path, nulled }) => nulled.length === path.length),
    'an error below the root': failures.some(({ path }) => path.length > 1),
    'an error that goes up': failures.some(({ path, nulled }) => nulled.length < path.length),
    'one root field of several failing': failures.some(({ body, nulled }) => nulled.length === 1
      && Object.values(body).some((field) => field !== null)),
  };
  const missing = Object.keys(covered).filter((what) => !covered[what]);
  assert.deepEqual(missing, []);
});
