// The front door, spoken to as a broken or hostile client would: each request gets its own
// clear answer, and at once.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { account, accounts, ask, endpoint, long, origin, signIn, startSession } from './world.mjs';

const AT_ONCE = 500;
const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';
const HAN = /\p{Script=Han}/u;
const HOUSEHOLDS = '{ households(first: 1) { nodes { id } } }';
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

async function answered(request) {
  const start = performance.now();
  const { status, headers, text } = await request();
  const elapsed = performance.now() - start;
  assert.ok(elapsed < AT_ONCE, `the answer took ${Math.round(elapsed)} ms`);
  assert.ok(headers.get('x-request-id'), 'no x-request-id');
  return { status, headers, body: text ? JSON.parse(text) : undefined };
}

const send = (init, url = endpoint) => answered(async () => {
  const response = await fetch(url, { ...init, headers: { accept: GRAPHQL_TYPE, ...init.headers } });
  return { status: response.status, headers: response.headers, text: await response.text() };
});

const post = (body, headers) => send({
  method: 'POST',
  headers: { 'content-type': JSON_TYPE, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const query = (source, { token, variables, ...headers } = {}) => post(
  { query: source, variables },
  { ...headers, ...(token && { authorization: `Bearer ${token}` }) },
);

/** Checks the one error of a refused request, and that nothing was given with it. */
function refused({ status, headers, body }, code, expected) {
  const [error] = body.errors;
  assert.equal(error.extensions.code, code, JSON.stringify(body));
  assert.equal(error.extensions.requestId, headers.get('x-request-id'));
  assert.ok(Buffer.byteLength(error.message) <= 512, 'the message is long');
  assert.ok(Object.values(body.data ?? {}).every((field) => field === null), 'an answer beside the refusal');
  if (expected) assert.equal(status, expected);
}

/** Writes bytes to a socket of its own and reads one answer with a Content-Length. */
function raw(...chunks) {
  return answered(() => new Promise((resolve, reject) => {
    const socket = connect({ host: new URL(origin).hostname, port: new URL(origin).port });
    let got = Buffer.alloc(0);
    // A server may stop reading what it has refused; then only the answer counts.
    socket.on('error', (error) => { if (error.code !== 'EPIPE') reject(error); });
    socket.on('close', () => reject(new Error(`closed without a whole answer: ${got}`)));
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      const end = got.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [line, ...rest] = got.subarray(0, end).toString().split('\r\n');
      const headers = new Headers(rest.map((one) => one.split(/:\s*/, 2)));
      const body = got.subarray(end + 4);
      if (body.length < Number(headers.get('content-length'))) return;
      resolve({ status: Number(line.split(' ')[1]), headers, text: body.toString() });
      socket.destroy();
    });
    for (const chunk of chunks) socket.write(chunk);
  }));
}

const head = (...lines) => `POST /graphql HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nContent-Type: ${JSON_TYPE}\r\n`
  + `Accept: ${GRAPHQL_TYPE}\r\n${lines.map((line) => `${line}\r\n`).join('')}`;

describe('who asks', () => {
  let token;
  before(async () => { token = await signIn('REGION_ADMIN'); });

  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const read = (text) => JSON.parse(Buffer.from(text, 'base64url'));
  const otherKey = generateKeyPairSync('ed25519').privateKey;
  const signed = (header, claims, key = otherKey) => {
    const content = `${part(header)}.${part(claims)}`;
    return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`;
  };

  // Each makes another token of the parts of a good one.
  const forgeries = {
    'expired, by its claims': ({ header, claims, signature }) => (
      `${part(header)}.${part({ ...claims, exp: claims.iat - 3600 })}.${signature}`),
    'of another account': ({ header, claims, signature }) => (
      `${part(header)}.${part({ ...claims, sub: `${claims.sub}x` })}.${signature}`),
    'alg none': ({ header, claims }) => `${part({ ...header, alg: 'none' })}.${part(claims)}.`,
    'alg none, signature kept': ({ header, claims, signature }) => (
      `${part({ ...header, alg: 'none' })}.${part(claims)}.${signature}`),
    'HS256 by the public key, or by none': async ({ header, claims }) => {
      const published = await fetch(`${origin}/.well-known/jwks.json`);
      const jwk = published.ok && (await published.json()).keys.find(({ kid }) => kid === header.kid);
      const content = `${part({ ...header, alg: 'HS256' })}.${part(claims)}`;
      const mac = createHmac('sha256', Buffer.from(jwk?.x ?? '', 'base64url')).update(content);
      return `${content}.${mac.digest('base64url')}`;
    },
    'signed by another key': ({ header, claims }) => signed(header, claims),
    'signed by a key that it brings along': ({ header, claims }) => signed(
      { ...header, jwk: generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) }, claims),
    'of an unknown key': ({ header, claims }) => signed({ ...header, kid: 'unknown' }, claims),
    'of another type': ({ header, claims, signature }) => (
      `${part({ ...header, typ: 'JWT' })}.${part(claims)}.${signature}`),
    'without a signature': ({ header, claims }) => `${part(header)}.${part(claims)}`,
    'a signature of zeros': ({ header, claims }) => (
      `${part(header)}.${part(claims)}.${Buffer.alloc(64).toString('base64url')}`),
    'not a token': () => 'abc',
    'very long': () => 'a'.repeat(4000),
  };

  test('a good token', async () => {
    const { status, body } = await query(HOUSEHOLDS, { token });
    assert.equal(status, 200);
    assert.equal(body.data.households.nodes.length, 1, JSON.stringify(body));
  });

  test('no token', async () => refused(await query(HOUSEHOLDS), 'UNAUTHENTICATED'));

  for (const [name, forge] of Object.entries(forgeries)) {
    test(`a forged token: ${name}`, async () => {
      const [header, claims, signature] = token.split('.');
      const forged = await forge({ header: read(header), claims: read(claims), signature });
      refused(await query(HOUSEHOLDS, { token: forged }), 'UNAUTHENTICATED');
    });
  }

  test('a refresh token is no access token', async () => {
    const { refreshToken } = await startSession(account('REGION_ADMIN'));
    refused(await query(HOUSEHOLDS, { token: refreshToken }), 'UNAUTHENTICATED');
  });

  test('a wrong password and an unknown name are refused in the same words', async () => {
    // The last account, so that no other test is slowed by the throttle.
    const known = await startSession({ name: accounts.at(-1).name, password: 'not the password' });
    const unknown = await startSession({ name: 'nobody.of.that.name', password: 'not the password' });
    assert.equal(known.accessToken, null);
    assert.equal(known.refreshToken, null);
    assert.equal(known.errors[0].code, 'BAD_CREDENTIALS');
    assert.match(known.errors[0].message, HAN);
    assert.deepEqual(unknown, known);
  });
});

describe('what is sent', () => {
  const CODE = /^(?!INTERNAL)[A-Z]+(_[A-Z]+)*$/;
  const big = JSON.stringify({ query: '{ __typename }', variables: { pad: 'x'.repeat(300 * 1024) } });
  const form = new FormData();
  form.set('operations', JSON.stringify({ query: '{ __typename }' }));
  form.set('map', '{}');

  const cases = {
    'not JSON': [() => post('{'), 400],
    'a batch': [() => post([{ query: '{ __typename }' }, { query: '{ __typename }' }]), 400],
    'text/plain': [() => post({ query: '{ __typename }' }, { 'content-type': 'text/plain' }), 415],
    multipart: [() => send({ method: 'POST', body: form }), 415],
    'a mutation by GET': [() => send({}, `${endpoint}?query=${encodeURIComponent('mutation { __typename }')}`), 405],
    'an Accept that can\'t be met': [() => query('{ __typename }', { accept: 'text/html' }), 406],
  };
  for (const [name, [request, status]] of Object.entries(cases)) {
    test(name, async () => {
      const answer = await request();
      assert.match(answer.body.errors[0].extensions.code, CODE);
      refused(answer, answer.body.errors[0].extensions.code, status);
    });
  }

  test('300 KiB', async () => refused(
    await raw(head(`Content-Length: ${big.length}`), '\r\n', big), 'PAYLOAD_TOO_LARGE', 413));

  test('300 KiB in chunks', async () => refused(await raw(
    head('Transfer-Encoding: chunked'), '\r\n',
    ...big.match(/.{1,16384}/g).map((one) => `${one.length.toString(16)}\r\n${one}\r\n`), '0\r\n\r\n',
  ), 'PAYLOAD_TOO_LARGE', 413));

  test('300 KiB announced and not sent', async () => refused(
    await raw(head('Content-Length: 307200'), '\r\n'), 'PAYLOAD_TOO_LARGE', 413));
});

describe('what is asked', () => {
  let token;
  before(async () => { token = await signIn('REGION_ADMIN'); });

  const deep = (n) => `{ __type(name: "Query") ${'{ ofType '.repeat(n)} { name } ${'}'.repeat(n)} }`;
  // Short to write, and 2⁴⁰ fields when written out.
  const folded = `{ ...f0 } ${times(40, (i) => (
    `fragment f${i} on Query { ${i === 39 ? '__typename' : `...f${i + 1} ...f${i + 1}`} }`))}`;
  const costly = `{ households(first: 100) { nodes { village { households(first: 100) { nodes {
    village { households(first: 100) { nodes { id } } } } } } } } }`;

  const cases = {
    'a syntax error': ['{', 'GRAPHQL_PARSE_FAILED'],
    'an unknown field': ['{ nothingOfThatName }', 'GRAPHQL_VALIDATION_FAILED'],
    'an unknown argument': ['{ households(limit: 1) { nodes { id } } }', 'GRAPHQL_VALIDATION_FAILED'],
    'fragments in a circle': ['{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }', 'GRAPHQL_VALIDATION_FAILED'],
    'too deep': [deep(30), 'QUERY_TOO_DEEP'],
    'very deep': [deep(1000), 'QUERY_TOO_DEEP'],
    '31 root fields': [`{ ${times(31, (i) => `a${i}: __typename`)} }`, 'QUERY_TOO_WIDE'],
    '31 aliases further down': [`{ __schema { ${times(31, (i) => `a${i}: queryType { name }`)} } }`, 'QUERY_TOO_WIDE'],
    'fragments within fragments': [folded, /^QUERY_TOO_(DEEP|WIDE|COSTLY)$/],
    'lists in lists': [costly, 'QUERY_TOO_COSTLY'],
    'an integer beyond 32 bits': ['{ households(first: 4294967296) { nodes { id } } }', 'BAD_USER_INPUT'],
    'a number beyond 64 bits': ['{ households(first: 99999999999999999999) { nodes { id } } }', 'BAD_USER_INPUT'],
  };
  for (const [name, [source, code]] of Object.entries(cases)) {
    test(name, async () => {
      const answer = await query(source, { token });
      const given = answer.body.errors[0].extensions.code;
      if (code instanceof RegExp) assert.match(given, code);
      refused(answer, code instanceof RegExp ? given : code);
    });
  }

  test('an integer beyond 32 bits in a variable', async () => refused(await query(
    'query ($n: Int!) { households(first: $n) { nodes { id } } }', { token, variables: { n: 2 ** 32 } },
  ), 'BAD_USER_INPUT'));

  test('30 root fields are served', async () => {
    const { body } = await query(`{ ${times(30, (i) => `a${i}: __typename`)} }`, { token });
    assert.equal(body.errors, undefined);
    assert.equal(Object.keys(body.data).length, 30);
  });

  test('an unknown field names nothing that exists', async () => {
    const { body } = await query('{ househol { id } }');
    assert.doesNotMatch(body.errors[0].message, /household/);
  });
});

describe('the language of messages', () => {
  const message = async (language) => (await query(HOUSEHOLDS, language && { 'accept-language': language }))
    .body.errors[0].message;

  test('Chinese by default', async () => assert.match(await message(), HAN));
  test('Chinese when asked for', async () => assert.match(await message('zh-CN,zh;q=0.9,en;q=0.8'), HAN));
  test('English when asked for', async () => assert.doesNotMatch(await message('en'), HAN));
  test('English when preferred', async () => assert.doesNotMatch(await message('en-GB,en;q=0.9,zh;q=0.8'), HAN));
  test('Chinese for a language that there is none of', async () => assert.match(await message('fr'), HAN));
});

test('silent and dripping connections hold nobody up', { timeout: 120_000 }, async () => {
  const token = await signIn('REGION_ADMIN');
  const { hostname: host, port } = new URL(origin);
  const sockets = [];
  const open = (text) => {
    const socket = connect({ host, port });
    socket.on('error', () => {});
    socket.resume();
    if (text) socket.write(text);
    sockets.push(socket);
    return socket;
  };
  for (let i = 0; i < 200; i += 1) open();
  for (let i = 0; i < 25; i += 1) open(`${head('Content-Length: 100')}\r\n{`);
  const dripping = Array.from({ length: 25 }, () => open(head()));
  const drip = setInterval(() => dripping.forEach((socket) => socket.write('X-Drip: 1\r\n')), 100);
  try {
    for (let i = 0; i < 20; i += 1) {
      const start = performance.now();
      const answer = await ask(token, HOUSEHOLDS);
      const elapsed = performance.now() - start;
      assert.equal(answer.data.households.nodes.length, 1);
      assert.ok(elapsed < 1000, `a query beside them took ${Math.round(elapsed)} ms`);
      await sleep(50);
    }
    // Closing them takes the server's whole patience, so it is waited for only in a long run.
    const deadline = performance.now() + (long ? 90_000 : 0);
    while (performance.now() < deadline && sockets.some((socket) => !socket.closed)) await sleep(500);
    if (long) assert.equal(sockets.filter((socket) => !socket.closed).length, 0, 'connections stay open');
  } finally {
    clearInterval(drip);
    sockets.forEach((socket) => socket.destroy());
  }
});
