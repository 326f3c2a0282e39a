// dist/qiao-stock.js (+ .gz, version): the element, one file, at most 6 KiB gzip. dist/client.js and .d.ts: the client.
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const LIMIT = 6 * 1024;
const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { version } = JSON.parse(await readFile('package.json', 'utf8'));

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/qiao-stock.ts'],
  outfile: 'dist/qiao-stock.js',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2020',
  banner: { js: `/* qiao-stock ${version} */` },
});
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.client.json'], { stdio: 'inherit' });

const script = await readFile('dist/qiao-stock.js');
const packed = gzipSync(script, { level: 9 });
await writeFile('dist/qiao-stock.js.gz', packed);
await writeFile('dist/version', `${version}\n`);
console.log(`qiao-stock.js ${script.length} bytes, gzip ${packed.length}`);
if (packed.length > LIMIT) {
  console.error(`qiao-stock.js must stay below ${LIMIT} bytes gzip`);
  process.exit(1);
}
if (/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/.test(script)) {
  console.error('qiao-stock.js must not make HTML or code from texts');
  process.exit(1);
}
