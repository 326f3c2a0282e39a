// Builds dist/ as it is served: the shop's page at the root, workspace/, and widget.js (one file, no dependency).
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { build } from 'vite';
import { compress } from './compress.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;
const common = {
  configFile: false,
  logLevel: 'warn',
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
};
// Everything stays a file of its own: the content security policy allows neither inline code nor data: addresses.
const page = { target: 'es2020', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false };

/** The shop names the built widget, which Vite must not try to bundle: the tag is taken out and put back. */
function leaveWidget() {
  const tag = /<script src="\/widget\.js"[^>]*><\/script>/;
  let kept = '';
  return [
    {
      name: 'qiao-take-widget-out',
      transformIndexHtml: { order: 'pre', handler: (html) => html.replace(tag, (found) => ((kept = found), '<!--widget-->')) },
    },
    { name: 'qiao-put-widget-back', transformIndexHtml: { order: 'post', handler: (html) => html.replace('<!--widget-->', kept) } },
  ];
}

await rm(dist, { recursive: true, force: true });
await build({
  ...common,
  root: `${root}shop`,
  base: '/',
  plugins: [leaveWidget()],
  build: { ...page, outDir: dist },
});
await build({
  ...common,
  root: `${root}workspace`,
  base: '/workspace/',
  plugins: [vue()],
  build: { ...page, outDir: `${dist}/workspace` },
});
await build({
  ...common,
  root,
  publicDir: false,
  build: {
    target: 'es2020',
    outDir: dist,
    emptyOutDir: false,
    reportCompressedSize: false,
    lib: { entry: `${root}src/widget/main.ts`, name: 'QiaoWidgetBundle', formats: ['iife'], fileName: () => 'widget.js' },
  },
});

const files = await compress(dist);
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
for (const f of files) console.log(`${f.path.padEnd(52)} ${kib(f.size).padStart(11)}  gzip ${kib(f.gzip).padStart(10)}  br ${kib(f.brotli).padStart(10)}`);
const widget = files.find((f) => f.path === 'widget.js');
if (!widget || widget.gzip > 25 * 1024) {
  console.error(`widget.js must stay below 25 KiB gzip, it has ${widget ? kib(widget.gzip) : 'not been built'}`);
  process.exit(1);
}
