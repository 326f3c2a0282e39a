// A simulated customer platform of tests/simulators/channels as a process of its own, which ends with its standard input.
import {spawn} from 'node:child_process';
import path from 'node:path';
import {json, root} from './hub.mjs';

export class Simulator {
  static async ofChannel(name, args = []) {
    const simulator = new Simulator();
    simulator.process = spawn('node', [path.join(root, 'tests/simulators/channels/main.mjs'), '--only', name, '--with-parent', ...args],
      {stdio: ['pipe', 'pipe', 'inherit']});
    simulator.url = await new Promise((resolve, reject) => {
      let output = '';
      simulator.process.once('exit', code => reject(new Error(`the simulator of ${name} ended with ${code}`)));
      simulator.process.stdout.setEncoding('utf8').on('data', chunk => {
        output += chunk;
        const found = output.match(/ (http:\/\/\S+)(.*)\n/);
        if (!found) return;
        // What else it printed: {key: "/tmp/…", team: "…"}.
        simulator.said = Object.fromEntries([...found[2].matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
        resolve(found[1]);
      });
    });
    return simulator;
  }

  /** Sets switches, or lets a customer do something; see the simulator's own page. */
  async control(wish) {
    return json(await fetch(`${this.url}/_sim`, {method: 'POST', body: JSON.stringify(wish)}));
  }

  /** What was asked of it so far: {calls, written, …}. */
  async state() {
    return json(await fetch(`${this.url}/_sim`));
  }

  stop() {
    this.process.stdin.end();
  }
}
