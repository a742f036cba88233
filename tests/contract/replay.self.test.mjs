// The replay itself: it must let a right answer pass and catch each kind of wrong one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSchema, execute, parse } from 'graphql';
import { replay } from './replay.mjs';

const schema = buildSchema(`
  interface Node { id: ID! }
  enum Status { RESIDENT MOVED_AWAY }
  type Region implements Node { id: ID! name: String! parent: Region }
  type Member { name: String! age: Int }
  type Household implements Node {
    id: ID!
    status: Status!
    address: String
    region: Region
    members: [Member!]!
    tags: [String]!
  }
  type Query {
    node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]!
    household(id: ID!): Household
    households: [Household!]
  }
`);

const fail = (message) => () => { throw new Error(message); };
const li = {
  __typename: 'Household', id: 'h1', status: 'RESIDENT', address: '1', tags: ['a', null],
  region: { __typename: 'Region', id: 'r1', name: '青山村', parent: null },
  members: [{ name: '李', age: 40 }, { name: '王', age: null }],
};
const broken = (fields) => ({ ...li, ...fields });
const right = (source, rootValue, variableValues) => JSON.parse(JSON.stringify(
  execute({ schema, document: parse(source), rootValue, variableValues }),
));
const wrong = (answer, change) => {
  const copy = structuredClone(answer);
  return change(copy) ?? copy;
};

const accepts = (name, source, root, variables) => test(`lets pass: ${name}`, () => {
  replay(schema, source, variables, right(source, root, variables));
});
const catches = (name, source, root, change) => test(`catches: ${name}`, () => {
  const answer = right(source, root);
  replay(schema, source, {}, answer);
  assert.throws(() => replay(schema, source, {}, wrong(answer, change)), assert.AssertionError);
});

const PLAIN = '{ household(id: "h1") { number: id status address tags region { id name } members { name age } } }';
const SPREAD = `
  query ($short: Boolean!) {
    first: household(id: "h1") { ...names address @skip(if: $short) ...names }
    second: household(id: "h1") { region { ... on Node { id } ...place } }
  }
  fragment names on Household { id members { name } }
  fragment place on Region { name parent { id } }`;
const NODE = '{ node(id: "h1") { id ... on Household { address } ... on Region { name } } }';
const NODES = '{ nodes(ids: ["h1", "x", "r1"]) { __typename id ... on Region { name } } }';
const INNER = '{ household(id: "h1") { id address region { name } members { name age } } households { id members { name } } }';

accepts('aliases and lists', PLAIN, { household: li });
accepts('fragments, conditions', SPREAD, { household: li }, { short: true });
accepts('an interface', NODE, { node: li });
accepts('an interface that is null', NODE, { node: null });
accepts('a list with nulls', NODES, { nodes: [li, null, li.region] });
accepts('an error in a list', NODES, { nodes: [li, new Error('no'), li.region] });
accepts('an error on a root field', INNER, { household: li, households: fail('no') });
accepts('an error on a nullable field', INNER, { household: broken({ address: fail('no') }), households: [li] });
accepts('an error that goes up', INNER, { household: broken({ region: { name: fail('no') } }), households: [li] });
accepts('an error that goes up through lists', INNER, {
  household: li,
  households: [li, broken({ members: [li.members[0], { name: fail('no') }] })],
});
accepts('an error that takes all of data', NODES, { nodes: fail('no') });

catches('a missing key', PLAIN, { household: li }, (a) => { delete a.data.household.address; });
catches('a missing key in a list', PLAIN, { household: li }, (a) => { delete a.data.household.members[1].age; });
catches('an extra key', PLAIN, { household: li }, (a) => { a.data.household.id = 'h1'; });
catches('another order', PLAIN, { household: li }, ({ data: { household: { number, ...rest } } }) => (
  { data: { household: { ...rest, number } } }));
catches('another order of root fields', INNER, { household: li, households: [li] }, ({ data }) => (
  { data: { households: data.households, household: data.household } }));
catches('a null where none may be', PLAIN, { household: li }, (a) => { a.data.household.status = null; });
catches('a null in a list of non-null', PLAIN, { household: li }, (a) => { a.data.household.members[0] = null; });
catches('a value outside its enum', PLAIN, { household: li }, (a) => { a.data.household.status = 'resident'; });
catches('a number as text', PLAIN, { household: li }, (a) => { a.data.household.members[0].age = '40'; });
catches('a wrong type name', NODES, { nodes: [li, null, li.region] }, (a) => { a.data.nodes[2].__typename = 'Household'; });
catches('a shorter list on an error', NODES, { nodes: [li, new Error('no'), li.region] }, (a) => { a.data.nodes.splice(1, 1); });

const nullable = { household: broken({ address: fail('no') }), households: [li] };
catches('a null that goes too far', INNER, nullable, (a) => { a.data.household = null; });
catches('a null that takes all of data', INNER, nullable, (a) => { a.data = null; });
catches('an error whose key is left out', INNER, nullable, (a) => { delete a.data.household.address; });
catches('an error with a value beside it', INNER, nullable, (a) => { a.data.household.address = '1'; });
catches('a path cut short', INNER, nullable, (a) => { a.errors[0].path = ['household']; });
catches('an index as text', INNER, {
  household: li,
  households: [broken({ members: [{ name: fail('no') }] })],
}, (a) => { a.errors[0].path[1] = '0'; });
catches('a path by field name, not alias', PLAIN.replace('address', 'door: address'), nullable, (a) => {
  a.errors[0].path = ['household', 'address'];
});
catches('an error without a path', INNER, nullable, (a) => { delete a.errors[0].path; });
catches('an error told twice', INNER, nullable, (a) => { a.errors.push(a.errors[0]); });
catches('an error left out', INNER, {
  household: li,
  households: [broken({ members: [{ name: fail('no') }] })],
}, (a) => { delete a.errors; a.data.households = [{ id: 'h1', members: [{ name: null }] }]; });

const nonNull = { household: broken({ region: { name: fail('no') } }), households: [li] };
catches('a null that stops too early', INNER, nonNull, (a) => { a.data.household.region = { name: null }; });
catches('a null past the nearest nullable parent', INNER, nonNull, (a) => { a.data.household = null; });
