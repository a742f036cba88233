// Subscriptions as people write them: the clients graphql-ws and graphql-sse, unaltered, and the close codes by which the
// former decides whether to come back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import { createClient as eventsClient } from 'graphql-sse';
import { CloseCode, createClient as socketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { account, data, endpoint, newKey, origin, signIn, startSession } from './world.mjs';

const CHANGES = `subscription ($after: Cursor, $kinds: [ChangeSubject!]) { changes(after: $after, kinds: $kinds) {
  __typename cursor ... on RecordChange { kind subject recordId recordVersion changedFields node { id } } ... on Resync { reason } } }`;
const kinds = ['HOUSEHOLD'];
const socketUrl = `${origin.replace(/^http/, 'ws')}/graphql`;

let token;
let home;
before(async () => {
  token = await signIn('REGION_ADMIN');
  home = (await data(token, '{ households(first: 1) { nodes { id } } }')).households.nodes[0].id;
});

/** Changes the household and returns its new version. */
async function touch(address) {
  const { version } = (await data(token, 'query ($id: ID!) { household(by: { id: $id }) { version } }', { id: home })).household;
  const input = { idempotencyKey: newKey(), id: home, expectedVersion: version, address };
  const { household, errors } = (await data(token,
    'mutation ($input: HouseholdUpdateInput!) { householdUpdate(input: $input) { household { version } errors { code message } } }',
    { input })).householdUpdate;
  assert.deepEqual(errors, []);
  return household.version;
}

/** The next event of a stream. */
async function event(stream) {
  const { value, done } = await stream.next();
  assert.ok(!done, 'the stream goes on');
  assert.equal(value.errors, undefined, JSON.stringify(value.errors));
  return value.data.changes;
}

const bySocket = (options = {}) => socketClient({
  url: socketUrl, webSocketImpl: WebSocket, lazy: true, retryAttempts: 0,
  connectionParams: () => ({ authorization: `Bearer ${token}` }), ...options,
});
const byEvents = () => eventsClient({ url: endpoint, headers: () => ({ authorization: `Bearer ${token}` }), retryAttempts: 0 });

for (const [name, make] of [['graphql-ws', bySocket], ['graphql-sse', byEvents]]) {
  describe(name, () => {
    test('hears changes, and goes on after a cursor without a gap', async () => {
      const client = make();
      const stream = client.iterate({ query: CHANGES, variables: { kinds } });
      assert.equal((await event(stream)).__typename, 'Checkpoint');
      const first = await touch(`${name} 1号`);
      const told = await event(stream);
      assert.equal(told.recordVersion, first);
      assert.equal(told.node.id, home);
      await stream.return();
      const missed = [await touch(`${name} 2号`), await touch(`${name} 3号`)];
      const again = client.iterate({ query: CHANGES, variables: { kinds, after: told.cursor } });
      assert.deepEqual([(await event(again)).recordVersion, (await event(again)).recordVersion], missed);
      assert.equal((await event(again)).__typename, 'Checkpoint');
      await again.return();
      client.dispose();
    });

    test('runs queries and mutations', async () => {
      const client = make();
      const { value } = await client.iterate({ query: '{ viewer { account { id } } }' }).next();
      assert.ok(value.data.viewer.account.id, JSON.stringify(value));
      client.dispose();
    });

    test('is told what is wrong with a document', async () => {
      const client = make();
      const said = await client.iterate({ query: 'subscription { changed { cursor } }' }).next()
        .then(({ value }) => value.errors, (errors) => errors);
      assert.equal(said[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED', JSON.stringify(said));
      client.dispose();
    });
  });
}

describe('close codes', () => {
  /** Speaks these messages on a socket of its own and returns the code by which it is closed. */
  async function closed(messages, protocol = 'graphql-transport-ws', headers = {}) {
    const socket = new WebSocket(socketUrl, protocol, { headers });
    socket.on('open', () => messages.forEach((message) => socket.send(message)));
    const [code] = await once(socket, 'close');
    return code;
  }
  const init = (authorization) => JSON.stringify({ type: 'connection_init', payload: { authorization } });
  const subscribe = (id) => JSON.stringify({ id, type: 'subscribe', payload: { query: CHANGES } });

  const matrix = {
    'a bad message': [() => ['{}'], CloseCode.BadRequest],
    'an operation before the acknowledgement': [() => [subscribe('1')], CloseCode.Unauthorized],
    'a token that is not good': [() => [init('Bearer abc')], CloseCode.Forbidden],
    'silence': [() => [], CloseCode.ConnectionInitialisationTimeout],
    'an id that is in use': [() => [init(`Bearer ${token}`), subscribe('1'), subscribe('1')], CloseCode.SubscriberAlreadyExists],
    'initialised twice': [() => [init(`Bearer ${token}`), init(`Bearer ${token}`)], CloseCode.TooManyInitialisationRequests],
  };
  for (const [name, [messages, code]] of Object.entries(matrix)) {
    test(name, async () => assert.equal(await closed(messages()), code));
  }

  test('no protocol that is spoken', async () => {
    assert.equal(await closed([], []), CloseCode.SubprotocolNotAcceptable);
  });

  test('a page of an unknown origin is not let in', async () => {
    const socket = new WebSocket(socketUrl, 'graphql-transport-ws', { headers: { origin: 'https://evil.example' } });
    const [, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    socket.on('error', () => {});
    socket.terminate();
  });

  test('the end of the session, after which graphql-ws does not come back', async () => {
    const session = await startSession(account('REGION_ADMIN'));
    let closings = 0;
    const client = bySocket({
      retryAttempts: 5,
      connectionParams: { authorization: `Bearer ${session.accessToken}` },
      on: { closed: () => { closings += 1; } },
    });
    const stream = client.iterate({ query: CHANGES });
    assert.equal((await event(stream)).__typename, 'Checkpoint');
    await data(session.accessToken,
      'mutation ($input: SessionEndInput!) { sessionEnd(input: $input) { ended } }', { input: { refreshToken: session.refreshToken } });
    const failure = await stream.next().catch((error) => error);
    assert.equal(failure.code, CloseCode.Unauthorized);
    assert.equal(closings, 1);
    client.dispose();
  });
});
