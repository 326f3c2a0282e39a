// A TCP proxy that breaks what passes through it as the test says; counts the connections that are open at once.
import {randomBytes} from 'node:crypto';
import net from 'node:net';

export const faults = ['slow', 'hung', 'reset', 'garbage', 'trickle'];

export class FaultProxy {
  static async to(port) {
    const proxy = new FaultProxy();
    proxy.target = port;
    proxy.mode = 'none';
    proxy.open = new Set();
    proxy.most = 0;
    proxy.accepted = 0;
    proxy.server = net.createServer(socket => proxy.serve(socket));
    await new Promise(resolve => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  /** Also ends what is open: a fault does not wait for new connections. */
  set(mode) {
    this.mode = mode;
    for (const socket of this.open) mode === 'reset' ? socket.resetAndDestroy() : socket.destroy();
    this.open.clear();
    this.most = 0;
  }

  serve(client) {
    ++this.accepted;
    this.open.add(client);
    this.most = Math.max(this.most, this.open.size);
    client.on('error', () => {});
    client.on('close', () => this.open.delete(client));
    switch (this.mode) {
      case 'hung':
        client.resume();
        return;
      case 'reset':
        client.once('data', () => client.resetAndDestroy());
        return;
      case 'garbage':
        client.once('data', () => client.end(randomBytes(400)));
        return;
    }
    const server = net.connect(this.target, '127.0.0.1');
    server.on('error', () => client.destroy());
    client.on('close', () => server.destroy());
    client.pipe(server);
    const mode = this.mode;
    server.on('data', bytes => {
      if (mode === 'slow') {
        setTimeout(() => client.writable && client.write(bytes), 5000).unref();
      } else if (mode === 'trickle') {
        let at = 0;
        const timer = setInterval(() => {
          if (at >= bytes.length || !client.writable) return clearInterval(timer);
          client.write(bytes.subarray(at, ++at));
        }, 100);
      } else {
        client.write(bytes);
      }
    });
    server.on('end', () => mode === 'none' && client.end());
  }

  stop() {
    for (const socket of this.open) socket.destroy();
    this.server.close();
  }
}
