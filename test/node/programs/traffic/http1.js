// HTTP/1 between this program and itself: what goes well, what doesn't, and what is neither.
const http = require('http');
const https = require('https');
const net = require('net');
const { ask, gone, listen, raw, serve, soon, tls } = require('./common.js');

const server = http.createServer(serve);
let port;

exports.prepare = async () => {
  port = await listen(server);
};
exports.well = async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const known = [];
  for (const path of ['/ok?token=hunter2', '/204', '/304', '/hints', '/late', '/big'])
    known.push(await ask({ port, path, agent }));
  known.push(await ask({ port, path: '/ok', method: 'HEAD', agent }));
  known.push(await ask({ port, path: '/echo', method: 'POST', agent, headers: { traceparent: '00-a-b-01' } }, 'hello'));
  agent.destroy();
  await gone(server);
  return known;
};
exports.badly = async () => {
  const known = [];
  for (const path of ['/destroy', '/reason', '/half']) known.push(await ask({ port, path }));
  known.push(await ask({ port: 1 }));
  known.push(await ask({ host: 'no.such.host.invalid', path: '/?token=hunter2' }));
  // Nothing is sent before it fails.
  const unsent = http.request({ host: '127.0.0.1', port: 1, path: '/unsent?token=hunter2', method: 'POST' });
  await new Promise((resolve) => unsent.on('error', resolve));
  await gone(server);
  return known;
};
exports.given_up = async () => {
  const controller = new AbortController();
  const aborted = ask({ port, path: '/hang', signal: controller.signal });
  await soon();
  controller.abort();
  const known = [await aborted];
  for (const path of ['/throw', '/deaf']) {
    const left = http.get({ host: '127.0.0.1', port, path });
    const failed = new Promise((resolve) => left.on('error', resolve));
    await soon();
    left.destroy();
    known.push((await failed).code);
  }
  // In the queue of an agent, never sent.
  const agent = new http.Agent({ maxSockets: 1 });
  const first = http.get({ host: '127.0.0.1', port, path: '/hang', agent }).on('error', () => {});
  const queued = http.get({ host: '127.0.0.1', port, path: '/queued', agent });
  const failed = new Promise((resolve) => queued.on('error', resolve));
  queued.destroy();
  await soon();
  first.destroy();
  known.push((await failed).code);
  await gone(server);
  return known;
};
exports.unread = async () => {
  const agent = new http.Agent({ keepAlive: false });
  const open = (path) => new Promise((resolve) => http.get({ host: '127.0.0.1', port, path, agent }, resolve));
  await open('/ok');
  await soon();
  const big = await open('/big');
  await soon();
  big.destroy();
  await gone(server);
};
exports.pipelined = async () => {
  const get = (path, version = '1.1') => `GET ${path} HTTP/${version}\r\nHost: x\r\n\r\n`;
  const answer = await raw(port, get('/big') + get('/ok') + get('/204') + get('/ok', '1.0'));
  const lost = net.connect(port, '127.0.0.1');
  lost.write(get('/hang') + get('/ok') + get('/204'));
  await soon(50);
  lost.destroy();
  await gone(server);
  return answer.length;
};
exports.malformed = async () => {
  const answers = [];
  for (const text of [
    'GET /nohost HTTP/1.1\r\n\r\n',
    'GET /old HTTP/1.0\r\n\r\n',
    'no request\r\n\r\n',
    'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n',
    'GET /expects HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
    'CONNECT nobody:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  ])
    answers.push(await raw(port, text));
  return answers.map((answer) => [Number(answer.slice(9, 12)), answer.length]);
};
exports.timeouts = async () => {
  const slow = http.createServer({ requestTimeout: 100, headersTimeout: 80, connectionsCheckingInterval: 20 }, serve);
  const silent = http.createServer(serve).setTimeout(50);
  const answers = [
    await raw(await listen(slow), 'POST /hang HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab'),
    await raw(await listen(silent), 'GET /hang HTTP/1.1\r\nHost: x\r\n\r\n'),
  ];
  slow.close();
  silent.close();
  return answers.map((answer) => [Number(answer.slice(9, 12)), answer.length]);
};
exports.upgraded = async () => {
  const upgrades = http.createServer(serve);
  upgrades.on('upgrade', (request, socket) => {
    if (request.url === '/silent') return socket.destroy();
    socket.on('data', (data) => socket.write(data)).on('end', () => socket.end()).on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  });
  upgrades.on('connect', (_, socket) => socket.resume().end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  const at = await listen(upgrades);
  const headers = { connection: 'Upgrade', upgrade: 'x' };
  const upgrade = (path) =>
    new Promise((resolve) => {
      const asked = http.get({ host: '127.0.0.1', port: at, path, headers });
      asked.on('error', (error) => resolve(error.code));
      asked.on('upgrade', (response, socket) => {
        socket.write('to and fro');
        socket.once('data', () => socket.destroy());
        resolve(response.statusCode);
      });
    });
  const known = [await upgrade('/up?token=hunter2'), await upgrade('/silent')];
  known.push(
    await new Promise((resolve) => {
      const asked = http.request({ host: '127.0.0.1', port: at, method: 'CONNECT', path: 'user:hunter2@host:443' });
      asked.on('connect', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode);
      });
      asked.end();
    }),
  );
  // Nobody waits for the upgrade.
  const unasked = http.get({ host: '127.0.0.1', port: at, path: '/unasked', headers });
  await new Promise((resolve) => unasked.on('close', resolve));
  await gone(upgrades);
  upgrades.close();
  return known;
};
exports.elsewhere = async () => {
  const secure = https.createServer(tls, serve);
  const at = await listen(secure);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const known = [
    await ask({ port: at, path: '/ok', agent }, undefined, https),
    await ask({ port: at, path: '/big', agent }, undefined, https),
    await ask({ port: at, path: '/refused' }, undefined, https),
  ];
  agent.destroy();
  const six = http.createServer(serve);
  known.push(await ask({ host: '::1', port: await listen(six, 0, '::1'), path: 'http://user:hunter2@example.org/path?x' }));
  const local = http.createServer(serve);
  const socketPath = `${process.env.SOCKETS}/local`;
  await new Promise((resolve) => local.listen(socketPath, resolve));
  known.push(await ask({ host: undefined, socketPath, path: '/local' }));
  const limited = http.createServer(serve);
  limited.maxRequestsPerSocket = 1;
  const two = await raw(await listen(limited), 'GET /ok HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
  known.push(two.length);
  for (const each of [secure, six, local, limited]) each.close();
  return known;
};
exports.closed = async () => {
  const closing = http.createServer(serve);
  const asked = ask({ port: await listen(closing), path: '/hang' });
  await soon(50);
  closing.close();
  closing.closeAllConnections();
  return [await asked];
};
/** Responses as other servers send them. */
exports.foreign = async () => {
  const known = [];
  for (const [text, ends] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', true],
    ['HTTP/1.1 200 OK\r\n\r\nuntil the end', true],
    ['this is no HTTP\r\n\r\n', true],
  ]) {
    const other = net.createServer((socket) =>
      socket.once('data', () => (ends ? socket.end(text) : socket.write(text))).on('error', () => {}),
    );
    known.push(await ask({ port: await listen(other), path: '/foreign' }), text.length);
    other.close();
  }
  return known;
};
/** The answer is there before all of the request is; then the rest is sent. */
exports.early = async () => {
  const asked = http.request({ host: '127.0.0.1', port, path: '/ok', method: 'POST' });
  const answered = new Promise((resolve) => asked.on('response', (response) => response.resume().on('end', resolve)));
  asked.write('a part');
  await answered;
  asked.end('and the rest');
  await gone(server);
};
/** The program answers past the response, on the connection that it has taken from it. */
exports.taken = async () => {
  const taking = http.createServer((_, response) => {
    const { socket } = response;
    response.detachSocket(socket);
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntaken');
  });
  const at = await listen(taking);
  const answer = await raw(at, 'GET /taken?token=hunter2 HTTP/1.1\r\nHost: x\r\n\r\n');
  await gone(taking);
  taking.close();
  // A request without the header for the host.
  const status = await ask({ port, path: '/ok', setHost: false, headers: [['Connection', 'close']] });
  await gone(server);
  return [answer.length, status[0]];
};
let finish;
exports.begin = async () => {
  const holding = http.createServer((_, response) => (finish = () => response.end('at last')));
  const at = await listen(holding);
  exports.end_of_it = async () => {
    const answered = new Promise((resolve) => open.on('response', (response) => response.resume().on('end', resolve)));
    finish();
    await answered;
    holding.close();
  };
  const open = http.get({ host: '127.0.0.1', port: at, path: '/held', agent: false });
  while (!finish) await soon(5);
};
