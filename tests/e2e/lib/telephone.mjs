// A telephone exchange of tests/simulators/channels and what people do with its phones.
import {spawn} from 'node:child_process';
import path from 'node:path';
import {root} from './hub.mjs';

export class Telephone {
  /** `system`: freeswitch or asterisk. */
  static async start(system) {
    const telephone = new Telephone();
    telephone.process = spawn(process.execPath, [path.join(root, 'tests/simulators/channels/main.mjs'), '--only', system, '--with-parent'],
      {stdio: ['pipe', 'pipe', 'inherit']});
    const line = await new Promise((resolve, reject) => {
      let text = '';
      telephone.process.stdout.setEncoding('utf8').on('data', chunk => (text += chunk).includes('\n') && resolve(text));
      telephone.process.once('exit', code => reject(new Error(`the exchange ended with ${code}`)));
    });
    telephone.url = line.split(' ')[1].trim();
    /** What it printed beside its address: ports and credentials. */
    telephone.about = Object.fromEntries(line.trim().split(' ').slice(2).map(pair => pair.split('=')));
    return telephone;
  }

  async act(what) {
    const answer = await fetch(`${this.url}/_sim`, {method: 'POST', body: JSON.stringify(what)});
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  async state() {
    return (await fetch(`${this.url}/_sim`)).json();
  }

  stop() {
    this.process.stdin.end();
    return new Promise(resolve => this.process.once('exit', resolve));
  }
}
