// Servers and clients of the scenes.
const http = require('http');
const net = require('net');
const fs = require('fs');

const tls = { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CERTIFICATE) };
const soon = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

const routes = {
  '/throw': () => {
    throw new Error('in a handler');
  },
  '/destroy': (_, response) => response.destroy(),
  '/reason': (_, response) => response.destroy(new Error('for a reason')),
  '/half': (_, response) => {
    response.writeHead(200);
    response.write('12345', () => soon().then(() => (response.stream ? response.stream.close(2) : response.destroy())));
  },
  '/hang': () => {},
  '/204': (_, response) => {
    response.statusCode = 204;
    response.end();
  },
  '/304': (_, response) => {
    response.statusCode = 304;
    response.end();
  },
  '/hints': (_, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' });
    response.end('hinted');
  },
  '/late': (_, response) => {
    response.writeHead(200);
    response.write('a');
    response.statusCode = 500;
    response.end();
  },
  '/moved': (_, response) => {
    response.writeHead(302, { location: '/ok?token=hunter2' });
    response.end();
  },
  '/big': (_, response) => response.end('x'.repeat(300_000)),
  '/zipped': (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(require('zlib').gzipSync('y'.repeat(1000)));
  },
  '/deaf': (_, response) => response.removeAllListeners('close'),
  '/echo': (request, response) => request.pipe(response),
};
const serve = (request, response) => {
  const route = routes[request.url.split('?')[0]];
  if (route) route(request, response);
  else response.end('ok');
};

const listen = (server, port = 0, host = '127.0.0.1') =>
  new Promise((resolve) => server.listen(port, host, () => resolve(server.address().port)));

/** One request to its end: status and bytes of the body, or the error's code. */
const ask = (options, body, transport = http) =>
  new Promise((resolve) => {
    const asked = transport.request({ host: '127.0.0.1', ...options }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve([response.statusCode, bytes]));
      response.on('error', (error) => resolve(error.code));
    });
    asked.on('error', (error) => resolve(error.code));
    asked.end(body);
  });

/** Sends text as it is; what came back until the connection was closed. */
const raw = (port, text, { endAfter } = {}) =>
  new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (data) => {
      answer += data;
      if (endAfter && answer.includes(endAfter)) socket.destroy();
    });
    socket.on('error', () => {}).on('close', () => resolve(answer));
  });

/** Until a server has a connection, and it is gone. */
const gone = async (server) => {
  while ((await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))) > 0) await soon(5);
  await soon(5);
};

module.exports = { ask, gone, listen, raw, serve, soon, tls };
