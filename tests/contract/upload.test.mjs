// Files are sent in by the client that most people use for it, tus-js-client: whole, in pieces, and
// resumed by another client object after the first was stopped half way.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Upload } from 'tus-js-client';
import { ask, data, newKey, origin, signIn } from './world.mjs';

const NAME = '纳章镇 名册（终稿）.xlsx';
const MEDIA = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const FIELDS = 'id fileName mediaType purpose length received complete url version';
const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31) % 251));

let token;

before(async () => { token = await signIn('REGION_ADMIN'); });

const headers = () => ({ authorization: `Bearer ${token}` });
const metadata = { filename: NAME, filetype: MEDIA, purpose: 'ROSTER' };

/** Runs an upload to its end. */
function sent(options) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint: `${origin}/uploads`, headers: headers(), metadata, retryDelays: [],
      onError: reject, onSuccess: () => resolve(upload), ...options,
    });
    upload.start();
  });
}

const idOf = (upload) => upload.url.split('/').pop();
const read = async (id) => (await data(token, `query ($id: ID!) { node(id: $id) { ... on Upload { ${FIELDS} } } }`, { id })).node;

test('a file is sent whole', async () => {
  const upload = await sent({});
  assert.ok(upload.url.startsWith(`${origin}/uploads/upload_`), upload.url);
  const node = await read(idOf(upload));
  assert.equal(node.fileName, NAME);
  assert.equal(node.mediaType, MEDIA);
  assert.equal(node.complete, true);
  assert.equal(node.received, bytes.length);
  assert.equal(new URL(upload.url).pathname, node.url);
});

test('a file is sent in pieces', async () => {
  let pieces = 0;
  const upload = await sent({ chunkSize: 64 * 1024, onChunkComplete: () => { pieces += 1; } });
  assert.equal(pieces, 5);
  assert.equal((await read(idOf(upload))).complete, true);
});

test('a file that the mutation announced is sent to its url, and resumed where it was stopped', async () => {
  const input = { idempotencyKey: newKey(), purpose: 'ROSTER', fileName: NAME, length: bytes.length };
  const { upload: made, errors } = (await data(token,
    `mutation ($input: UploadCreateInput!) { uploadCreate(input: $input) { upload { ${FIELDS} } errors { code message path } } }`,
    { input })).uploadCreate;
  assert.deepEqual(errors, []);
  const uploadUrl = `${origin}${made.url}`;
  await new Promise((resolve, reject) => {
    const first = new Upload(bytes, {
      endpoint: `${origin}/uploads`, uploadUrl, headers: headers(), chunkSize: 64 * 1024, retryDelays: [], onError: reject,
      onChunkComplete: (_, accepted) => {
        if (accepted >= 2 * 64 * 1024) first.abort().then(resolve, reject);
      },
    });
    first.start();
  });
  const half = await read(made.id);
  assert.equal(half.complete, false);
  assert.ok(half.received >= 2 * 64 * 1024, `${half.received}`);
  const offsets = [];
  await sent({ uploadUrl, retryDelays: [0, 500, 1000], onProgress: (done) => offsets.push(done) });
  assert.ok(offsets[0] >= half.received, `it goes on at ${offsets[0]}`);
  assert.equal((await read(made.id)).complete, true);
});

test('an upload is ended', async () => {
  const upload = await sent({});
  await upload.abort(true);
  assert.equal(await read(idOf(upload)), null);
});

test('a file without a purpose is refused with the reason', async () => {
  await assert.rejects(sent({ metadata: { filename: NAME } }), (error) => {
    const body = JSON.parse(error.originalResponse.getBody());
    assert.equal(error.originalResponse.getStatus(), 400);
    assert.equal(body.errors[0].extensions.code, 'BAD_USER_INPUT');
    assert.match(body.errors[0].message, /ROSTER/);
    return true;
  });
});

test('whoever is not signed in, or may not, sends nothing', async () => {
  const status = (expected) => (error) => error.originalResponse.getStatus() === expected;
  await assert.rejects(sent({ headers: {} }), status(401));
  const other = await signIn('LEADER');
  await assert.rejects(sent({ headers: { authorization: `Bearer ${other}` } }), status(403));
  const { data: seen } = await ask(other, '{ uploads { totalCount } }');
  assert.equal(seen.uploads.totalCount, 0);
});
