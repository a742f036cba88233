// In an update what is absent stays as it is, and an explicit null clears. The difference
// must survive every way in which a client can put a value.
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { data, newKey, signIn } from './world.mjs';

const START = '青山路 1 号';
const OTHER = '青山路 2 号';
const PAYLOAD = '{ household { id version address } errors { code message path } replayed }';
const WHOLE = `mutation ($input: HouseholdUpdateInput!) { householdUpdate(input: $input) ${PAYLOAD} }`;

let token;
let id;
let version;

const read = async () => (await data(token,
  'query ($id: ID!) { household(by: { id: $id }) { version address } }', { id })).household;

async function update(query, variables) {
  const { household, errors, replayed } = (await data(token, query, variables)).householdUpdate;
  assert.deepEqual(errors, []);
  assert.equal(replayed, false);
  assert.equal(household.id, id);
  version = household.version;
  return household;
}

const common = () => ({ idempotencyKey: newKey(), id, expectedVersion: version });

/** An update whose input object is written out in the document. */
function written(address, declared = '') {
  const { idempotencyKey } = common();
  return `mutation ${declared} {
    householdUpdate(input: {
      idempotencyKey: "${idempotencyKey}", id: "${id}", expectedVersion: ${version} ${address}
    }) ${PAYLOAD}
  }`;
}

before(async () => {
  token = await signIn('REGION_ADMIN');
  id = (await data(token, '{ households(first: 1) { nodes { id } } }')).households.nodes[0].id;
});

beforeEach(async () => {
  ({ version } = await read());
  await update(WHOLE, { input: { ...common(), address: START } });
});

const DECLARED = '($address: String)';
const cases = [
  ['written out, absent', START, () => [written('')]],
  ['written out, null', null, () => [written(', address: null')]],
  ['written out, a value', OTHER, () => [written(`, address: "${OTHER}"`)]],
  ['$address not sent', START, () => [written(', address: $address', DECLARED), {}]],
  ['$address sent as null', null, () => [written(', address: $address', DECLARED), { address: null }]],
  ['$address sent', OTHER, () => [written(', address: $address', DECLARED), { address: OTHER }]],
  ['$address not sent, null by default', null, () => [written(', address: $address', '($address: String = null)'), {}]],
  ['$input without the key', START, () => [WHOLE, { input: common() }]],
  ['$input with null', null, () => [WHOLE, { input: { ...common(), address: null } }]],
  ['$input with a value', OTHER, () => [WHOLE, { input: { ...common(), address: OTHER } }]],
];

for (const [name, expected, request] of cases) {
  test(`${name}: ${expected === START ? 'unchanged' : expected ?? 'cleared'}`, async () => {
    const household = await update(...request());
    assert.equal(household.address, expected, 'in the payload');
    assert.equal((await read()).address, expected, 'when read again');
  });
}
