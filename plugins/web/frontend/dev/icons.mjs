// Draws the PNG icons of the installed workspace from icon.svg. Run after changing it: node dev/icons.mjs
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const folder = fileURLToPath(new URL('../workspace/public/', import.meta.url));
// One colour instead of the gradient: a tenth of the size.
const svg = (await readFile(`${folder}icon.svg`, 'utf8')).replace('url(#g)', '#0e7c66');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
for (const [name, size, square] of [
  ['icon-192.png', 192, false],
  ['icon-512.png', 512, false],
  ['icon-maskable-512.png', 512, true],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  // A maskable icon fills its square and keeps the drawing within the inner 80 %.
  const drawing = square ? svg.replace('rx="112"', 'rx="0"').replace('<g fill', '<g transform="translate(51 51) scale(.8)" fill') : svg;
  await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${drawing}`);
  await page.screenshot({ path: folder + name, omitBackground: true });
  await page.close();
}
await browser.close();
