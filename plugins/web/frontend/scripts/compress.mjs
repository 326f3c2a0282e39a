// Writes .gz and .br beside every text file above 1 KB, so that the hub never compresses while it serves.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = new Set(['.js', '.css', '.html', '.svg', '.json', '.webmanifest', '.txt', '.map']);

export async function compress(folder) {
  const done = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (!entry.isFile() || !TEXT.has(extname(entry.name))) continue;
    const content = await readFile(path);
    if (content.length <= 1024) continue;
    // No time stamp in the header: two builds of the same source are equal.
    const gzip = gzipSync(content, { level: 9 });
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
    await writeFile(`${path}.gz`, gzip);
    await writeFile(`${path}.br`, brotli);
    done.push({ path: relative(folder, path), size: content.length, gzip: gzip.length, brotli: brotli.length });
  }
  return done.sort((a, b) => (a.path < b.path ? -1 : 1));
}
