// HTTP/2 between this program and itself: by both of a server's interfaces, secure or not, in sessions old and new.
const http = require('http');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const fs = require('fs');
const { ask, listen, serve, soon, tls } = require('./common.js');

/** One request to its end: status, bytes of the body, and the code that it was closed with. */
const over = (session, headers, body, options) =>
  new Promise((resolve) => {
    const stream = session.request(headers, options);
    let [status, bytes, failure] = [0, 0, ''];
    stream.on('response', (answer) => (status = answer[':status']));
    stream.on('data', (chunk) => (bytes += chunk.length));
    stream.on('error', (error) => (failure = error.code));
    stream.on('close', () => resolve([status, bytes, stream.rstCode, failure]));
    if (body !== undefined) stream.end(body);
  });
const get = (session, path) => over(session, { ':path': path });

const plain = http2.createServer((request, response) => {
  if (request.url !== '/push') return serve(request, response);
  response.stream.pushStream({ ':path': '/pushed' }, (_, pushed) => {
    pushed.respond({ ':status': 200 });
    pushed.end('pushed');
  });
  response.end('pushing');
});
const secure = http2.createSecureServer({ ...tls, allowHTTP1: true });
secure.on('stream', (stream, headers) => {
  if (headers[':path'] === '/file') return stream.respondWithFile(__filename);
  if (headers[':path'] === '/hang') return;
  stream.respond({ ':status': 201 });
  stream.end('by stream');
});
secure.on('request', (request, response) => {
  if (request.httpVersionMajor === 1) response.end('HTTP/1');
});

let port, securePort, old;
exports.prepare = async () => {
  port = await listen(plain);
  securePort = await listen(secure);
  old = http2.connect(`http://127.0.0.1:${port}`);
  await get(old, '/ok');
};
exports.well = async () => {
  const known = [];
  for (const path of ['/ok?token=hunter2', '/204', '/big', '/push']) known.push(await get(old, path));
  known.push(await over(old, { ':path': '/ok', ':method': 'HEAD' }));
  known.push(await over(old, { ':path': '/echo', ':method': 'POST', traceparent: '00-a-b-01' }, 'hello'));
  return known;
};
exports.badly = async () => {
  const known = [];
  for (const path of ['/destroy', '/half']) known.push(await get(old, path));
  const cancelled = old.request({ ':path': '/hang' });
  const closed = new Promise((resolve) => cancelled.on('close', resolve));
  await soon();
  cancelled.close(http2.constants.NGHTTP2_CANCEL);
  await closed;
  const controller = new AbortController();
  const aborted = over(old, { ':path': '/hang' }, undefined, { signal: controller.signal });
  await soon();
  controller.abort();
  known.push((await aborted)[3]);
  const nowhere = http2.connect('http://127.0.0.1:1').on('error', () => {});
  known.push((await get(nowhere, '/nowhere?token=hunter2'))[3]);
  // Both ends of a session are lost.
  const dying = http2.createServer(serve);
  let served;
  dying.on('session', (session) => (served = session));
  const lost = http2.connect(`http://127.0.0.1:${await listen(dying)}`).on('error', () => {});
  const last = get(lost, '/hang');
  await soon(50);
  served.destroy();
  await last;
  dying.close();
  // And of a connection.
  const left = http2.connect(`https://127.0.0.1:${securePort}`, { rejectUnauthorized: false }).on('error', () => {});
  const hanging = get(left, '/hang');
  await soon(50);
  left.destroy();
  await hanging;
  await soon(50);
  return known;
};
exports.secure = async () => {
  const session = http2.connect(`https://localhost:${securePort}`, { rejectUnauthorized: false });
  const known = [await get(session, '/stream?token=hunter2'), await get(session, '/file')];
  session.close();
  known.push(await ask({ port: securePort, path: '/one', rejectUnauthorized: false }, undefined, https));
  return [...known, fs.statSync(__filename).size];
};
/** A server that is no server: http2 on a connection of the program's. */
exports.shaken = async () => {
  const server = net.createServer((socket) => {
    http2.performServerHandshake(socket).on('stream', (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('z');
    });
  });
  const session = http2.connect(`http://127.0.0.1:${await listen(server)}`);
  const known = await get(session, '/shaken');
  session.close();
  server.close();
  return known;
};
/** 2,000 requests over ten sessions, a hundred at a time. */
exports.many = async () => {
  let [left, bytes] = [2000, 0];
  const sessions = Array.from({ length: 10 }, () => http2.connect(`http://127.0.0.1:${port}`));
  const one = async (session) => {
    while (left-- > 0) {
      const [, length] = await over(session, { ':path': '/echo', ':method': 'POST' }, 'x'.repeat(left % 100));
      bytes += length;
    }
  };
  await Promise.all(sessions.flatMap((session) => Array.from({ length: 10 }, () => one(session))));
  for (const session of sessions) session.close();
  return bytes;
};
/** Each request, by either interface, asks another server on the way, in what follows from its body's end. */
exports.nested = async () => {
  const inner = http.createServer((_, response) => response.end('in')).unref();
  const url = `http://127.0.0.1:${await listen(inner)}/inner`;
  const then = async (n, end) => {
    await soon(n % 3);
    await (await fetch(`${url}/${n}`)).text();
    http.get(`${url}/${n}`, (response) => response.resume().on('end', end));
  };
  const compat = http2.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => then(Number(Buffer.concat(chunks)), () => response.end('out')));
  });
  const streams = http2.createServer().on('stream', (stream) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    stream.on('end', () => then(Number(text), () => (stream.respond(), stream.end('out'))));
  });
  for (const server of [compat, streams]) {
    const session = http2.connect(`http://127.0.0.1:${await listen(server)}`);
    const one = (n) => over(session, { ':path': `/outer/${n}`, ':method': 'POST' }, String(n));
    await Promise.all(Array.from({ length: 100 }, (_, n) => one(n + (server === compat ? 0 : 100))));
    session.close();
    server.close();
  }
};
/** A tunnel has no path. */
exports.tunnel = async () => {
  const server = http2.createServer().on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  const session = http2.connect(`http://127.0.0.1:${await listen(server)}`);
  const known = await over(session, { ':method': 'CONNECT', ':authority': 'host:443' }, 'to and fro');
  session.close();
  server.close();
  return known;
};
let finish;
exports.begin = async () => {
  const holding = http2.createServer((_, response) => (finish = () => response.end('at last')));
  const session = http2.connect(`http://127.0.0.1:${await listen(holding)}`);
  const answered = get(session, '/held');
  while (!finish) await soon(5);
  exports.end_of_it = async () => {
    finish();
    await answered;
    session.close();
    holding.close();
  };
};
