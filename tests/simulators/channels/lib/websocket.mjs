// The server's side of a WebSocket, as small as simulators need it; strict about what clients must do.
import {createHash} from 'node:crypto';

/** Answers the upgrade; `onText` and `onClose` are called. → {send(text), close(), socket} */
export function upgrade(request, socket, {onText = () => {}, onClose = () => {}} = {}) {
  const key = request.headers['sec-websocket-key'];
  if (!key || request.headers['sec-websocket-version'] !== '13') {
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    return null;
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  let buffer = Buffer.alloc(0);
  socket.on('data', chunk => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      if (buffer.length < 2) return;
      const masked = (buffer[1] & 0x80) !== 0;
      let length = buffer[1] & 0x7f;
      let at = 2;
      if (length === 126) {
        if (buffer.length < 4) return;
        length = buffer.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        return socket.destroy();
      }
      if (!masked) return socket.destroy();
      if (buffer.length < at + 4 + length) return;
      const mask = buffer.subarray(at, at + 4);
      const data = Buffer.from(buffer.subarray(at + 4, at + 4 + length).map((byte, i) => byte ^ mask[i % 4]));
      const kind = buffer[0] & 0x0f;
      buffer = buffer.subarray(at + 4 + length);
      if (kind === 8) return socket.end(frame(8, data));
      if (kind === 9) socket.write(frame(10, data));
      else if (kind === 1) onText(data.toString('utf8'));
    }
  });
  // Sockets of an HTTP server stay half open by themselves.
  socket.on('end', () => socket.end());
  socket.on('close', onClose);
  socket.on('error', () => {});
  return {
    socket,
    send: text => socket.write(frame(1, Buffer.from(text))),
    close: () => socket.end(frame(8, Buffer.from([0x03, 0xe8]))),
  };
}

export function frame(kind, data) {
  const head = data.length < 126 ? Buffer.from([0x80 | kind, data.length])
    : data.length < 65536 ? Buffer.from([0x80 | kind, 126, data.length >> 8, data.length & 0xff])
    : Buffer.concat([Buffer.from([0x80 | kind, 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(data.length).buffer).reverse()]);
  return Buffer.concat([head, data]);
}
