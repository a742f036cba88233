// Builds again and compares with the committed bundle: what is served is what the sources say.
// The plain contents are compared, as the bytes of gzip differ from one version of Node to another.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build } from 'vite';
import { indexOf, readBuild } from './bundle.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(here, 'bundle');
const fresh = mkdtempSync(join(tmpdir(), 'lianhu-explorer-'));

function differences(files) {
  const expected = new Map(files.map(({ path, content }) => [`${path}.gz`, content]));
  const found = readdirSync(bundle, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.gz'))
    .map((entry) => relative(bundle, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return [
    ...[...expected].filter(([path, content]) => !sameContent(path, content)).map(([path]) => path),
    ...found.filter((path) => !expected.has(path)),
    ...(sameIndex(files) ? [] : ['index.json']),
  ];
}

function sameContent(path, content) {
  const file = join(bundle, path);
  return existsSync(file) && gunzipSync(readFileSync(file)).equals(content);
}

function sameIndex(files) {
  const file = join(bundle, 'index.json');
  return existsSync(file) && readFileSync(file, 'utf8') === indexOf(files);
}

try {
  await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'error', build: { outDir: fresh, emptyOutDir: true } });
  const differing = differences(readBuild(fresh));
  for (const path of differing) console.error(`bundle/${path} is not what the sources build: run "npm run build"`);
  process.exitCode = differing.length ? 1 : 0;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
