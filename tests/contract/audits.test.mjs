// The GraphQL-over-HTTP audits of the `graphql-http` package, each as its own test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { endpoint } from './world.mjs';

const audits = serverAudits({ url: endpoint });

test('there are 61 audits', () => assert.equal(audits.length, 61));

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const result = await fn();
    await result.response?.body?.cancel().catch(() => {});
    assert.equal(result.status, 'ok', result.reason);
  });
}
