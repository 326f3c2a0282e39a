// Starts simulators of customer platforms and prints where they listen and with which credentials:
//   node main.mjs [--only wechat,telegram] [--hub http://127.0.0.1:8080] [--port 8300] [--host 127.0.0.1]
// With --port they take that port and the ones after it, in the order of --only; without, free ones. --hub is where the hub's
// webhooks are. One file a system in systems/: `export function make(options)` returns {handle, failure, control?, hint} for
// lib/server.mjs; or, for what is not HTTP, `export async function start({port, host, option})` returns {url, hint}.
import {readdirSync} from 'node:fs';
import {serve} from '../lib/server.mjs';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const all = readdirSync(new URL('./systems/', import.meta.url)).filter(file => file.endsWith('.mjs')).map(file => file.slice(0, -4)).sort();
const wanted = option('only', all.join(',')).split(',');
const unknown = wanted.filter(name => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no such simulator: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(64);
}
const first = Number(option('port', 0));
const host = option('host', '127.0.0.1');
for (const [at, name] of wanted.entries()) {
  const module = await import(`./systems/${name}.mjs`);
  const port = first === 0 ? 0 : first + at;
  if (module.start) {
    const {url, hint} = await module.start({port, host, option});
    console.log(`${name} ${url} ${hint ?? ''}`.trim());
    continue;
  }
  const system = module.make({option, hub: option('hub', '')});
  const {url} = await serve(system, {port, host});
  console.log(`${name} ${url} ${system.hint ?? ''}`.trim());
}
// Whoever started this has gone: so does it.
if (process.argv.includes('--with-parent')) process.stdin.resume().on('end', () => process.exit(0));
