// Promises P1–P3 under kill -9: what was acknowledged is kept once, in order, without gaps. This process is the outside
// recorder: it outlives the hub and remembers every acknowledgement. QIAO_KILLS sets the rounds; QIAO_TEST_STORE=mysql
// keeps the data on a private MariaDB server.
import fs from 'node:fs';
import {test} from 'node:test';
import {copyConfig, Hub, tempFolder} from './lib/hub.mjs';
import {MariaDb} from './lib/mariadb.mjs';
import {allowLoad, spread, verify, Writer, writeUntil} from './lib/writers.mjs';

const rounds = Number(process.env.QIAO_KILLS ?? 50);
const store = process.env.QIAO_TEST_STORE ?? 'sqlite';
const rate = 500;      // messages a second, all visitors together
const customers = 20;

test(`kill -9 under ${rate} messages a second on ${store}, ${rounds} rounds: nothing lost, nothing doubled, no gap`,
  {timeout: 1800000}, async t => {
    const data = tempFolder('kill');
    const config = copyConfig(data);
    allowLoad(config);
    const server = store === 'mysql' ? await MariaDb.start() : undefined;
    server?.keepFor(config);
    const hub = await Hub.start({data, config});
    const writers = Array.from({length: customers}, () => new Writer(hub));
    const recoveries = [];
    for (let round = 0; round < rounds; ++round) {
      await Promise.all(writers.map(w => w.connect()));
      await writeUntil(writers, rate, Date.now() + 200 + Math.random() * 1300);
      await hub.kill();
      const began = Date.now();
      await hub.start();
      recoveries.push(Date.now() - began);
    }
    await Promise.all(writers.map(w => w.connect()));
    const stored = await verify(hub, writers);
    await hub.stop();
    await server?.remove();
    t.diagnostic(`${store}: ${rounds} kills, ${stored} messages; ready again after ${spread(recoveries)}`);
    fs.rmSync(data, {recursive: true, force: true});
  });
