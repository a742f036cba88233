// A workbook that another library wrote, sent in by a tus client and taken in by the mutation: first as a dry run that tells
// its mistakes, then for good, then once more without a change.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Upload } from 'tus-js-client';
import writeExcelFile from 'write-excel-file/node';
import { data, newKey, origin, signIn } from './world.mjs';

const HEAD = ['村（社区）', '村民小组', '户编号', '姓名', '与户主关系', '性别', '出生日期', '联系电话', '住址'];
const HOMES = [
  ['竹园村', null, '9001', '测试甲', '户主', '男', new Date(Date.UTC(1970, 4, 6)), 13800001234, '大坡脚90号'],
  ['竹园村', null, '9001', '测试乙', '配偶', '女', '1972-01-02', null, null],
  ['竹园村', null, 9002, '测试丙', '户主', '女', '1980/3/4', '0874-8881234', '大坡脚91号'],
];
const WRONG = [['竹园村', null, '9003', '测试丁', '户主', '男', '1970-13-06', '12', '大坡脚92号']];

let token;

before(async () => { token = await signIn('REGION_ADMIN'); });

const cell = (value) => value === null ? null
  : value instanceof Date ? { value, type: Date, format: 'yyyy"年"m"月"d"日"' } : { value };
const book = async (rows) => writeExcelFile(
  [HEAD.map((value) => ({ value, fontWeight: 'bold' })), ...rows.map((row) => row.map(cell))], { sheet: '户' },
).toBuffer();

/** Sends a workbook in; gives the id of the upload. */
const sent = (bytes) => new Promise((resolve, reject) => {
  const upload = new Upload(bytes, {
    endpoint: `${origin}/uploads`, headers: { authorization: `Bearer ${token}` }, retryDelays: [],
    metadata: { filename: '户.xlsx', purpose: 'ROSTER' },
    onError: reject, onSuccess: () => resolve(upload.url.split('/').pop()),
  });
  upload.start();
});

const FIELDS = `id state faultCount message sheets { sheet kind created updated unchanged skipped }
  faults(first: 9) { nodes { sheet row column rule message } }`;

/** Takes a workbook in, and waits for its end. */
async function taken(bytes, options = {}) {
  const input = { idempotencyKey: newKey(), uploadId: await sent(bytes), ...options };
  const { rosterImport: begun, errors } = (await data(token,
    'mutation ($input: RosterImportInput!) { rosterImport(input: $input) { rosterImport { id state } errors { code message } } }',
    { input })).rosterImport;
  assert.deepEqual(errors, []);
  for (let tries = 0; tries < 200; tries += 1) {
    const { node } = await data(token, `query ($id: ID!) { node(id: $id) { ... on RosterImport { ${FIELDS} } } }`, { id: begun.id });
    if (node.state !== 'RUNNING') return node;
    await pause(100);
  }
  throw new Error('the import did not end');
}

test('a workbook of another library is checked, and its mistakes are told at their cells', async () => {
  const node = await taken(await book([...HOMES, ...WRONG]), { dryRun: true });
  assert.equal(node.state, 'REFUSED');
  assert.deepEqual(node.faults.nodes.map(({ sheet, row, column }) => [sheet, row, column]),
    [['户', 5, '出生日期'], ['户', 5, '联系电话']]);
});

test('a workbook of another library comes in, and again changes nothing', async () => {
  const bytes = await book(HOMES);
  const checked = await taken(bytes, { dryRun: true });
  assert.deepEqual([checked.state, checked.sheets[0].created], ['CHECKED', 2]);
  const first = await taken(bytes);
  assert.deepEqual([first.state, first.sheets[0].created], ['STORED', 2], JSON.stringify(first));
  const again = await taken(bytes);
  assert.deepEqual([again.state, again.sheets[0].created, again.sheets[0].unchanged], ['STORED', 0, 2]);
  const { search } = await data(token, '{ search(text: "测试甲", kinds: [HOUSEHOLD]) { nodes { node { ... on Household { number headName members(first: 5) { nodes { name birthDate } } } } } } }');
  assert.equal(search.nodes[0].node.number, '9001');
  assert.deepEqual(search.nodes[0].node.members.nodes.map(({ name }) => name).sort(), ['测试乙', '测试甲']);
});
