// Calls by fetch and undici: what goes well, what doesn't, and what nobody waits for.
const http = require('http');
const https = require('https');
const http2 = require('http2');
const { PassThrough, Readable } = require('stream');
const undici = require('undici');
const { gone, listen, serve, soon, tls } = require('./common.js');

const server = http.createServer(serve);
const secure = https.createServer(tls, serve);
const modern = http2.createSecureServer(tls, (_, response) => response.end('modern'));
let url, secureUrl, modernUrl;
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');

exports.prepare = async () => {
  url = `http://127.0.0.1:${await listen(server)}`;
  secureUrl = `https://127.0.0.1:${await listen(secure)}`;
  modernUrl = `https://localhost:${await listen(modern)}`;
};
const code = (error) => error.cause?.code ?? error.code ?? error.name;
const failing = async (...asked) => {
  try {
    await (await fetch(...asked)).text();
    return '';
  } catch (error) {
    return code(error);
  }
};
const bodyOf = async (path, options) => (await (await fetch(url + path, options)).arrayBuffer()).byteLength;

exports.fetched = async () => [
  await bodyOf('/ok?token=hunter2', { headers: { traceparent: '00-a-b-01' } }),
  await bodyOf('/moved'),
  await bodyOf('/big'),
  await bodyOf('/zipped'),
  await bodyOf('/204'),
  await bodyOf('/ok', { method: 'HEAD' }),
  await bodyOf('/echo', { method: 'POST', body: 'hello' }),
  await bodyOf('/echo', { method: 'POST', body: Readable.from(['one ', 'two']), duplex: 'half' }),
  (await (await fetch(`${secureUrl}/ok`)).text()).length,
];
exports.fetched_badly = async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const known = [
    await failing('http://127.0.0.1:2/refused?token=hunter2'),
    await failing('http://no.such.host.invalid/?token=hunter2'),
    await failing(`${url}/hang`, { signal: controller.signal }),
    await failing(`${url}/hang`, { signal: AbortSignal.timeout(50) }),
    await failing(`${url}/destroy`),
    await failing(`${url}/half`),
    // These never become a call.
    await failing(`${url}/ok`, { signal: AbortSignal.abort() }),
    await failing('http://127.0.0.1:1/port'),
    await failing('http://user:hunter2@127.0.0.1/'),
  ];
  await gone(server);
  return known;
};
exports.cancelled = async () => {
  const whole = await fetch(`${url}/big`);
  await whole.body.cancel();
  const part = (await fetch(`${url}/big`)).body.getReader();
  await part.read();
  await part.cancel();
  await gone(server);
};
/** Nobody reads it, but it is small and there. */
exports.unread = async () => {
  const response = await fetch(`${url}/ok`);
  await soon(50);
  return response.status;
};
exports.undici = async () => {
  await (await undici.request(`${url}/ok?token=hunter2`)).body.text();
  await undici.stream(`${url}/big`, { method: 'GET' }, () => new PassThrough().resume());
  await new Promise((resolve, reject) => {
    const duplex = undici.pipeline(`${url}/echo`, { method: 'POST' }, ({ body }) => body);
    duplex.on('error', reject).on('close', resolve).resume().end('piped');
  });
  await (await undici.fetch(`${url}/ok`)).text();
  const client = new undici.Client(url);
  await new Promise((resolve, reject) => {
    const handler = { onConnect() {}, onHeaders: () => true, onData: () => true, onComplete: resolve, onError: reject };
    client.dispatch({ path: '/big', method: 'GET' }, handler);
  });
  const known = [];
  for (const options of [{ signal: AbortSignal.timeout(50) }, { headersTimeout: 50 }])
    known.push(await client.request({ path: '/hang', method: 'GET', ...options }).catch(code));
  await client.destroy();
  known.push(await undici.request('http://127.0.0.1:1/').catch(code));
  await gone(server);
  return known;
};
/** Over two connections, four at a time on each. */
exports.pool = async () => {
  const pool = new undici.Pool(url, { connections: 2, pipelining: 4 });
  const one = async (_, index) =>
    (await (await pool.request({ path: '/echo', method: 'PUT', body: 'y'.repeat(index), query: { index } })).body.text()).length;
  const bodies = await Promise.all(Array.from({ length: 500 }, one));
  await pool.close();
  return bodies.reduce((sum, length) => sum + length, 0);
};
exports.switched = async () => {
  const switching = http.createServer();
  switching.on('upgrade', (_, socket) => {
    socket.resume().end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  });
  switching.on('connect', (_, socket) => socket.resume().end('HTTP/1.1 200 OK\r\n\r\n'));
  const client = new undici.Client(`http://127.0.0.1:${await listen(switching)}`);
  (await client.upgrade({ path: '/up?token=hunter2', protocol: 'x' })).socket.destroy();
  (await client.connect({ path: 'host:80' })).socket.destroy();
  await client.destroy();
  switching.close();
};
exports.modern = async () => {
  const client = new undici.Client(modernUrl, { allowH2: true, connect: { rejectUnauthorized: false } });
  for (let n = 0; n < 3; n++) await (await client.request({ path: `/${n}?token=hunter2`, method: 'GET' })).body.text();
  await client.close();
};
