// Replays an answer through graphql-js: the same document is executed by the reference
// engine with resolvers that read from the answer, and fail where the answer says so.
// What comes out must be the answer, to the order of its keys. A missing key, a null
// that stops too early or goes too far, or an error with a wrong path comes out otherwise.
import assert from 'node:assert/strict';
import {
  GraphQLError, execute, getNamedType, getNullableType, isCompositeType, isEnumType,
  isListType, isNonNullType, parse, validate,
} from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields.js';

const key = (path) => JSON.stringify(path);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const dotted = (path) => path.join('.');

/** Throws an AssertionError that says how the answer differs from what graphql-js would give. */
export function replay(schema, source, variables, answer) {
  const document = parse(source);
  assert.deepEqual(validate(schema, document).map(String), [], 'the document is not valid');
  assert.ok('data' in answer, `a request error can't be replayed: ${JSON.stringify(answer.errors)}`);
  const errors = answer.errors ?? [];
  for (const error of errors) {
    assert.ok(Array.isArray(error.path), `an error without a path beside data: ${JSON.stringify(error)}`);
  }

  const replayed = execute({
    schema,
    document,
    variableValues: variables,
    rootValue: { path: [], fields: answer.data ?? undefined },
    ...resolvers(schema, errors),
  });

  compareErrors(answer.data, errors, replayed.errors ?? []);
  assert.equal(JSON.stringify(answer.data), JSON.stringify(replayed.data), 'data differs (first: the answer)');
}

// Objects travel as `{ path, fields }`. `fields` is undefined for a stand-in: an object that
// the answer has lost to a null because of an error inside it, which graphql-js must reach.
function resolvers(schema, errors) {
  const failures = new Map(errors.map((error) => [key(error.path), error]));
  const errorsBelow = (path) => errors.filter(
    (error) => error.path.length > path.length && path.every((step, i) => error.path[i] === step),
  );

  function resolved(type, path, value, invented) {
    const failure = failures.get(key(path));
    if (failure) return new GraphQLError(failure.message, { extensions: failure.extensions });
    const below = errorsBelow(path);
    const needed = below.length > 0 || (invented && isNonNullType(type));
    const inner = getNullableType(type);
    if (isListType(inner)) {
      const item = (one, i) => resolved(inner.ofType, [...path, i], one, value == null);
      if (Array.isArray(value)) return value.map(item);
      if (value != null || !needed) return value;
      const length = Math.max(0, ...below.map((error) => error.path[path.length] + 1));
      return Array.from({ length }, (_, i) => item(undefined, i));
    }
    if (isCompositeType(inner)) {
      if (isObject(value)) return { path, fields: value };
      if (value != null) return new Error(`an object was expected at ${dotted(path)}`);
      return needed ? { path, fields: undefined } : value;
    }
    return value === undefined && needed ? someLeaf(inner) : value;
  }

  return {
    fieldResolver: ({ path, fields }, _args, _context, info) => resolved(
      info.returnType, [...path, info.path.key], fields?.[info.path.key], fields === undefined,
    ),
    // Which object type an answer is of: what its `__typename` says, or else whose keys fit.
    typeResolver({ path, fields }, _context, info, abstract) {
      const candidates = schema.getPossibleTypes(abstract);
      const wanted = fields ? Object.keys(fields) : errorsBelow(path).map((error) => error.path[path.length]);
      const fits = (type) => {
        const selected = collectSubfields(schema, info.fragments, info.variableValues, type, info.fieldNodes);
        const named = [...selected].every(
          ([name, [node]]) => node.name.value !== '__typename' || !fields || fields[name] === type.name,
        );
        const whole = !fields || selected.size === wanted.length;
        return named && whole && wanted.every((name) => selected.has(name));
      };
      return (candidates.find(fits) ?? candidates[0]).name;
    },
  };
}

function someLeaf(type) {
  if (isEnumType(type)) return type.getValues()[0].name;
  return { Int: 0, Float: 0, Boolean: false }[getNamedType(type).name] ?? '';
}

function compareErrors(data, errors, replayed) {
  const paths = errors.map((error) => key(error.path));
  assert.equal(new Set(paths).size, paths.length, `two errors with one path: ${paths}`);
  const found = new Set(replayed.map((error) => key(error.path ?? [])));
  for (const error of replayed) {
    const path = error.path ?? [];
    assert.ok(paths.includes(key(path)), `the answer lacks the error at ${dotted(path)}: ${error.message}`);
  }
  // Of several failures under one null, an engine may report one or all.
  const nulled = new Set(replayed.map((error) => key(nullAbove(data, error.path))));
  for (const { path, message } of errors) {
    const spare = nullAbove(data, path).length < path.length && nulled.has(key(nullAbove(data, path)));
    assert.ok(found.has(key(path)) || spare, `nothing can fail at ${dotted(path)}: ${message}`);
  }
}

/** The part of an error's path at which the answer holds the null. */
export function nullAbove(data, path) {
  let value = data;
  for (let i = 0; i <= path.length; i += 1) {
    if (value == null) return path.slice(0, i);
    value = value[path[i]];
  }
  return path;
}
