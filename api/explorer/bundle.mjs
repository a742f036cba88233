import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
};

const HASHED_NAME = /-[\w-]{8}\.\w+$/;

/** Every file of a build, by path, with what the server needs to answer with it. */
export function readBuild(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => describe(relative(folder, file).split(sep).join('/'), readFileSync(file)))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function describe(path, content) {
  const contentType = CONTENT_TYPES[extname(path)];
  if (!contentType) throw new Error(`${path}: no content type is known for this kind of file`);
  return {
    path,
    contentType,
    etag: createHash('sha256').update(content).digest('hex'),
    immutable: HASHED_NAME.test(path),
    content,
  };
}

export function indexOf(files) {
  return JSON.stringify(files.map(({ content, ...entry }) => entry), null, 2) + '\n';
}
