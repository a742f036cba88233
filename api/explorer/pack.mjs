// Packs dist/ into bundle/, which is committed and built into the server, so that building it needs no Node.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { indexOf, readBuild } from './bundle.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(here, 'bundle');
const files = readBuild(join(here, 'dist'));

rmSync(bundle, { recursive: true, force: true });
let total = 0;
for (const { path, content } of files) {
  const target = join(bundle, `${path}.gz`);
  const packed = gzipSync(content, { level: 9 });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, packed);
  total += packed.length;
}
writeFileSync(join(bundle, 'index.json'), indexOf(files));
console.log(`bundle: ${files.length} files, ${(total / 1024 / 1024).toFixed(2)} MiB`);
