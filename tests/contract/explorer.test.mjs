// The explorer page in a real browser: it loads nothing from elsewhere, signs a demo
// account in, and every example query gives an answer.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { account, origin } from './world.mjs';

const out = fileURLToPath(new URL('out/', import.meta.url));
const asked = [];
const complaints = [];
let browser;
let page;

before(async () => {
  mkdirSync(out, { recursive: true });
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
  const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(20_000);
  context.on('request', (request) => asked.push(request.url()));
  page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
});

after(() => browser?.close());

test('it opens', async () => {
  const response = await page.goto(`${origin}/`);
  assert.equal(response.status(), 200);
  await page.getByTestId('demo-account').waitFor();
});

test('a demo account signs in', async () => {
  await page.getByTestId('demo-account').selectOption(account('REGION_ADMIN').name);
  await page.getByTestId('signed-in').waitFor();
  const roles = await page.getByTestId('signed-in').getAttribute('data-roles');
  assert.match(roles, /REGION_ADMIN/);
});

test('every example query gives an answer', async () => {
  const examples = page.getByTestId(/^example-/);
  await examples.first().waitFor();
  let queries = 0;
  for (const example of await examples.all()) {
    if (await example.locator('.example-kind').count()) continue;
    const name = await example.getAttribute('data-testid');
    await example.click();
    const answered = page.waitForResponse((response) => (
      response.request().method() === 'POST' && new URL(response.url()).pathname === '/graphql'));
    await page.locator('button.graphiql-execute-button').click();
    const answer = await (await answered).json();
    assert.equal(answer.errors, undefined, `${name}: ${JSON.stringify(answer.errors)}`);
    assert.ok(Object.values(answer.data).every((field) => field !== null), `${name}: ${JSON.stringify(answer)}`);
    await page.locator('section.result-window', { hasText: 'data' }).waitFor();
    queries += 1;
  }
  assert.ok(queries > 0, 'there is no example query');
  await page.screenshot({ path: `${out}explorer.png` });
});

test('nothing is fetched from elsewhere', () => {
  const elsewhere = asked.filter((url) => !/^(data|blob):/.test(url) && new URL(url).origin !== origin);
  assert.deepEqual(elsewhere, []);
});

test('the console shows no error', () => assert.deepEqual(complaints, []));
