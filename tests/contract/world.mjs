// The server under test and its demo accounts. LIANHU_URL is the server's own address,
// LIANHU_ACCOUNTS the file that `lianhu demo --accounts FILE` writes.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these through \`bash tests/run --only contract\``);
  return value;
}

export const origin = new URL(setting('LIANHU_URL')).origin;
export const endpoint = `${origin}/graphql`;
export const accounts = JSON.parse(readFileSync(setting('LIANHU_ACCOUNTS'), 'utf8'));
export const long = process.env.LIANHU_LONG === '1';

/** The first demo account that holds a role, named as in the schema: `REGION_ADMIN`. */
export function account(role) {
  const found = accounts.find((one) => one.role === role);
  assert.ok(found, `no demo account is ${role}; there are: ${accounts.map((one) => one.role).join(' ')}`);
  return found;
}

/** Sends one operation and returns the whole answer, `data` and `errors`. */
export async function ask(token, query, variables = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** As `ask`, for operations that must not fail: returns `data`. */
export async function data(token, query, variables) {
  const answer = await ask(token, query, variables);
  assert.equal(answer.errors, undefined, `${query}\n${JSON.stringify(answer.errors)}`);
  return answer.data;
}

const SESSION_START = `mutation ($input: SessionStartInput!) {
  sessionStart(input: $input) { accessToken refreshToken errors { code message path } }
}`;

/** Starts a session and returns the payload, refused or not. */
export async function startSession({ name, password }) {
  const input = { name, password, device: 'contract tests' };
  return (await data(undefined, SESSION_START, { input })).sessionStart;
}

/** Signs a role in and returns its access token. */
export async function signIn(role) {
  const session = await startSession(account(role));
  assert.deepEqual(session.errors, []);
  return session.accessToken;
}

export const newKey = () => randomUUID();
