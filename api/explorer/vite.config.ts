import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { parseExample } from './src/examples/parse-example.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const server = process.env.LIANHU_URL ?? 'http://127.0.0.1:8080';

function checkExamples(): Plugin {
  const folder = here('../../client-schema/operations/explorer/');
  return {
    name: 'check-examples',
    buildStart() {
      for (const file of readdirSync(folder).filter((name) => name.endsWith('.graphql'))) {
        parseExample(file, readFileSync(folder + file, 'utf8'));
      }
    },
  };
}

function withoutImagePreview(): Plugin {
  return {
    name: 'without-image-preview',
    enforce: 'pre',
    resolveId(source, importer) {
      if (source.endsWith('/image-preview.js') && importer?.includes('@graphiql/react')) {
        return here('./src/graphiql-image-preview.ts');
      }
    },
  };
}

export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [checkExamples(), withoutImagePreview()],
  worker: { format: 'es' },
  build: {
    assetsDir: 'explorer',
    chunkSizeWarningLimit: 4096,
    license: { fileName: 'explorer/licenses.md' },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, report) {
        // React's "use client", which means nothing in a page without a React server.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  optimizeDeps: {
    // The workers are found by their place in the packages, which bundling in advance would change.
    exclude: ['graphiql/setup-workers/vite'],
    include: ['nullthrows', 'picomatch-browser'].map((name) => `@graphiql/react > graphql-language-service > ${name}`),
  },
  server: {
    fs: { allow: [here('.'), here('../../client-schema')] },
    proxy: { '/graphql': server, '/explorer/accounts.json': server },
  },
});
