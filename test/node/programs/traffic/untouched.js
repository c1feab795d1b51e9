// What a program could see of what looks at it: methods of Node's classes, channels, listeners, stack traces.
const diagnostics = require('diagnostics_channel');
const { EventEmitter } = require('events');
const http = require('http');
const https = require('https');
const http2 = require('http2');
const net = require('net');
const stream = require('stream');
const tls = require('tls');
const { ask, gone, listen, soon } = require('./common.js');

const CHANNELS = [
  ...['http.client.request.start', 'http.client.request.error', 'http.client.response.finish'],
  ...['http.server.request.start', 'http.server.response.finish', 'http.client.request.created'],
  ...['undici:request:create', 'undici:request:bodySent', 'undici:request:headers', 'undici:request:trailers'],
  ...['undici:request:error', 'undici:client:sendHeaders', 'http2.server.stream.start', 'http2.client.stream.start'],
];
const classes = new Map();
const before = new Map();
const all = (named) => {
  for (const [name, prototype] of Object.entries(named)) classes.set(name, prototype);
};
const parents = (name, object) => {
  for (let at = Object.getPrototypeOf(object), n = 1; at !== stream.Duplex.prototype && at !== EventEmitter.prototype; n++) {
    all({ [`${name} ${n}`]: at });
    at = Object.getPrototypeOf(at);
  }
};
const descriptors = (object) => Object.getOwnPropertyDescriptors(object);

const server = http.createServer((request, response) => {
  if (request.url === '/seen') response.end(JSON.stringify(look(request, response)));
  else if (request.url !== '/pending') response.end();
});
server.on('upgrade', () => {});
let port, requestClass;

/** What a handler sees. */
const look = (request, response) => {
  const { stack } = new Error('here');
  return {
    stack: stack.split('\n').slice(1).map((line) => line.trim().replace(/:\d+:\d+/g, '')),
    listeners: ['close', 'finish', 'error', 'timeout'].map((name) => [response, request, request.socket].map((each) => each.listenerCount(name))),
    keys: [Object.keys(response), Object.keys(request).filter((name) => name !== 'rawHeaders')],
    names: [response.emit.name, response.emit.length, server.emit.name, request.push.name, request.push.length],
  };
};

exports.prepare = async () => {
  port = await listen(server);
  const h2 = http2.createServer((_, response) => response.end());
  const secure = http2.createSecureServer();
  h2.on('session', (session) => parents('ServerHttp2Session', session));
  h2.on('stream', (each) => parents('ServerHttp2Stream', each));
  const session = http2.connect(`http://127.0.0.1:${await listen(h2)}`);
  const asked = session.request({ ':path': '/' });
  await new Promise((resolve) => asked.resume().on('close', resolve));
  parents('ClientHttp2Session', session);
  parents('ClientHttp2Stream', asked);
  parents('Http2Server', h2);
  parents('Http2SecureServer', secure);
  session.close();
  h2.close();
  const hear = ({ request }) => (requestClass = Object.getPrototypeOf(request));
  diagnostics.subscribe('undici:request:create', hear);
  await (await fetch(`http://127.0.0.1:${port}/`)).text();
  diagnostics.unsubscribe('undici:request:create', hear);
  for (const [name, module] of Object.entries({ http, https, net, tls, stream, http2 }))
    for (const [key, value] of Object.entries(module))
      if (typeof value === 'function' && value.prototype) all({ [`${name}.${key}`]: value.prototype });
  all({ EventEmitter: EventEmitter.prototype, Object: Object.prototype, undici: requestClass, http2, http, net });
  for (const [name, object] of classes) before.set(name, descriptors(object));
};
/** What is otherwise than before the tracer came. */
exports.state = async () => {
  const changed = [];
  for (const [name, object] of classes) {
    const [was, is] = [before.get(name), descriptors(object)];
    for (const key of new Set([...Reflect.ownKeys(was), ...Reflect.ownKeys(is)])) {
      const [a, b] = [was[key], is[key]];
      const same = a && b && a.value === b.value && a.get === b.get && a.set === b.set;
      if (!same || a.enumerable !== b.enumerable || a.writable !== b.writable || a.configurable !== b.configurable)
        changed.push(`${name}.${String(key)}`);
    }
  }
  const channels = CHANNELS.filter((name) => diagnostics.channel(name).hasSubscribers);
  return { changed: changed.sort(), channels: channels.sort() };
};
function throwing(emitter) {
  emitter.on('mine', () => {
    throw new RangeError('from a listener');
  });
  try {
    emitter.emit('mine');
  } catch (error) {
    return error.stack.split('\n').map((line) => line.trim().replace(/:\d+:\d+/g, ''));
  }
}
exports.seen = async () => {
  let text = '';
  await new Promise((resolve, reject) => {
    const asked = http.get({ host: '127.0.0.1', port, path: '/seen' }, (response) => {
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', resolve);
    });
    asked.on('error', reject);
  });
  const call = http.get({ host: '127.0.0.1', port });
  const keys = await new Promise((resolve) => {
    call.on('response', (response) => response.resume().on('end', () => resolve([Object.keys(call), Object.keys(response)])));
  });
  // An exception of a listener's goes through what looks on.
  const thrown = throwing(new http.ServerResponse({ method: 'GET' }));
  await gone(server);
  return { ...JSON.parse(text), calls: keys, thrown };
};
/** Something of each kind that one object is looked at for, left open. */
let left;
exports.pending = async () => {
  await ask({ port, path: '/' });
  await (await fetch(`http://127.0.0.1:${port}/`)).text();
  const asked = [];
  const taken = new Promise((resolve) => {
    server.once('request', (request, response) => asked.push(request, response) === 2 && resolve());
  });
  const posting = net.connect(port, '127.0.0.1').on('error', () => {});
  posting.write('POST /pending HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 999\r\n\r\n<methodCall>');
  await taken;
  const upgrading = net.connect(port, '127.0.0.1').on('error', () => {});
  const upgraded = new Promise((resolve) => server.once('upgrade', (_, socket) => resolve(socket)));
  upgrading.write('GET /pending HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  left = [...asked, await upgraded];
  await soon(20);
  return exports.left();
};
/** Which of them have a method of their own. */
exports.left = async () =>
  left.flatMap((object, index) =>
    ['push', 'write', 'end', 'emit', '_write', '_writev'].filter((name) => Object.hasOwn(object, name)).map((name) => `${index} ${name}`),
  );
