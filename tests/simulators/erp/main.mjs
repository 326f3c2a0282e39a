// Starts the simulators and prints where they listen and with which credentials:
//   node main.mjs [--only odoo,kingdee] [--seed 7] [--port 8200] [--host 127.0.0.1]
// With --port they take that port and the ones after it, in the order below; without, free ones.
import {makeData} from './lib/data.mjs';
import {serve} from '../lib/server.mjs';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const all = ['odoo', 'erpnext', 'salesforce', 'hubspot', 'kingdee', 'yonsuite', 'u8'];
const wanted = option('only', all.join(',')).split(',');
const unknown = wanted.filter(name => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no such simulator: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(64);
}
const data = makeData(Number(option('seed', 7)));
const first = Number(option('port', 0));
for (const name of wanted) {
  const {make} = await import(`./systems/${name}.mjs`);
  const system = make(data);
  const {url} = await serve(system, {port: first === 0 ? 0 : first + all.indexOf(name), host: option('host', '127.0.0.1')});
  console.log(`${name} ${url} ${system.hint}`);
}
// Whoever started this has gone: so does it.
if (process.argv.includes('--with-parent')) process.stdin.resume().on('end', () => process.exit(0));
