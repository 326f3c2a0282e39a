// Looks for texts in every file of a folder, in every form in which a program may have written them.
import fs from 'node:fs';
import path from 'node:path';
import {gunzipSync} from 'node:zlib';

/** The ways to write a text that are looked for: name → what must not be in a file. */
export function formsOf(text) {
  const utf8 = Buffer.from(text);
  const forms = {
    'UTF-8': utf8,
    'UTF-16LE': Buffer.from(text, 'utf16le'),
    'UTF-16BE': Buffer.from(text, 'utf16le').swap16(),
    hex: Buffer.from(utf8.toString('hex')),
    HEX: Buffer.from(utf8.toString('hex').toUpperCase()),
    'JSON escapes': Buffer.from([...text].map(c => c > '~' ? [...Array(c.length).keys()].map(i => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('') : c).join('')),
  };
  // In base64 a text looks different at each of three places; the first and last characters depend on what is beside it.
  for (const [alphabet, name] of [['base64', 'base64'], ['base64url', 'base64url']]) {
    for (const shift of [0, 1, 2]) {
      const encoded = Buffer.concat([Buffer.alloc(shift), utf8]).toString(alphabet).replace(/=+$/, '');
      forms[`${name} at ${shift}`] = Buffer.from(encoded.slice(shift === 0 ? 0 : shift + 1, -2));
    }
  }
  return forms;
}

/** `generations` holds copies of the plugins' libraries and nothing else. */
function* filesOf(folder) {
  for (const entry of fs.readdirSync(folder, {withFileTypes: true})) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'generations') yield* filesOf(full);
    else if (entry.isFile()) yield full;
  }
}

/** Without the long runs of zeros of which a database's files mostly consist; one block of them stays between the rest. */
function withoutHoles(content) {
  const block = 4096;
  const zeros = Buffer.alloc(block);
  const parts = [];
  let begin = 0;
  let empty = 0;
  for (let at = 0; at < content.length; at += block) {
    const zero = at + block <= content.length && content.compare(zeros, 0, block, at, at + block) === 0;
    if (!zero) {
      if (empty > 1) begin = at - block;
      empty = 0;
    } else if (++empty === 2) {
      parts.push(content.subarray(begin, at));
    }
  }
  if (empty < 2) parts.push(content.subarray(begin));
  return Buffer.concat(parts);
}

/** What was found: "name of the text, form, file". `files` counts what was looked at; gzip is looked into as well. */
export function scan(folders, texts) {
  const wanted = Object.entries(texts).flatMap(([name, text]) =>
    Object.entries(formsOf(text)).map(([form, bytes]) => ({name, form, bytes})));
  const hits = [];
  let files = 0;
  let bytes = 0;
  for (const folder of folders) {
    for (const file of filesOf(folder)) {
      let content;
      try {
        content = fs.readFileSync(file);
      } catch (error) {
        if (error.code === 'ENOENT') continue;  // a log of the database that was just removed
        throw error;
      }
      ++files;
      bytes += content.length;
      const views = [withoutHoles(content)];
      if (content[0] === 0x1f && content[1] === 0x8b) views.push(gunzipSync(content));
      for (const view of views) {
        for (const {name, form, bytes: needle} of wanted) {
          if (view.includes(needle)) hits.push(`${name}, ${form}, ${path.relative(folder, file)}`);
        }
      }
      for (const {name, form, bytes: needle} of wanted) {
        if (Buffer.from(path.basename(file)).includes(needle)) hits.push(`${name}, ${form}, the name of ${file}`);
      }
    }
  }
  return {hits, files, bytes};
}
