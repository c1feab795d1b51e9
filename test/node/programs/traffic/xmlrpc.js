// XML-RPC between this program and itself: npm's xmlrpc on both sides, and what else can carry it, or seems to.
const http = require('http');
const http2 = require('http2');
const net = require('net');
const { Readable } = require('stream');
const undici = require('undici');
const xmlrpc = require('xmlrpc');
const { gone, listen, soon } = require('./common.js');

const call = (name) =>
  `<?xml version="1.0"?><!-- <methodCall> --><methodCall>\n<methodName>${name}</methodName><params/></methodCall>`;
const member = (name, value) => `<member><name>${name}</name><value>${value}</value></member>`;
const FAULT =
  '<?xml version="1.0"?><methodResponse><fault><value><struct>' +
  member('faultString', '<string>hunter2</string>') +
  member('faultCode', '<int>-7</int>') +
  '</struct></value></fault></methodResponse>';

/** What the echoing server got last. */
let got = '';
const echo = (request, response) => {
  got = '';
  request.setEncoding('utf8').on('data', (text) => (got += text));
  request.on('end', () => {
    response.setHeader('content-type', 'text/xml');
    response.end(request.url.startsWith('/fault') ? FAULT : '<methodResponse><params/></methodResponse>');
  });
};
const server = http.createServer(echo);
let rpc, port, client;
const method = (name, ...params) =>
  new Promise((resolve) => client.methodCall(name, params, (error, value) => resolve(error ? error.message : value)));

exports.prepare = async () => {
  port = await listen(server);
  rpc = await new Promise((resolve) => {
    const made = xmlrpc.createServer({ host: '127.0.0.1', port: 0 }, () => resolve(made));
  });
  rpc.on('shop.price', (_, [count], answer) => answer(null, count * 2));
  rpc.on('shop.sell', (_, params, answer) => answer({ faultCode: 4, faultString: 'hunter2' }));
  rpc.on('NotFound', () => {});
  client = xmlrpc.createClient({ host: '127.0.0.1', port: rpc.httpServer.address().port, path: '/RPC2?token=hunter2' });
};
exports.npm = async () => [await method('shop.price', 21), await method('shop.sell'), await method('nothing')];
/** 500 calls of ten methods, ten at a time. */
exports.many = async () => {
  for (let n = 0; n < 10; n++) rpc.on(`method.${n}`, (_, [value], answer) => answer(null, value + n));
  let left = 500;
  let right = 0;
  const one = async () => {
    while (left-- > 0) {
      const n = left % 10;
      const at = left;
      if ((await method(`method.${n}`, at)) === at + n) right++;
    }
  };
  await Promise.all(Array.from({ length: 10 }, one));
  return right;
};

/** Posts pieces, each by itself. Whether the server got them as they were sent. */
const post = async (pieces, { type = 'text/xml', verb = 'POST', path = '/', headers = {} } = {}) => {
  await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method: verb, headers: { 'content-type': type, ...headers } };
    const asked = http.request(options, (response) => response.resume().on('end', resolve));
    asked.on('error', reject);
    (async () => {
      for (const piece of pieces.slice(0, -1)) await new Promise((sent) => asked.write(piece, sent));
      asked.end(pieces.at(-1));
    })();
  });
  return got === pieces.join('');
};
exports.names = async () => [
  await post([call('a.b:c/d_1')]),
  await post(call('byte.by.byte').split('')),
  await post([`\ufeff${call('marked')}`]),
  await post([call('typed')], { type: 'Application/XML; charset=utf-8' }),
  await post([call('fault')], { path: '/fault' }),
  await post([call('with.length')], { headers: { 'content-length': Buffer.byteLength(call('with.length')) } }),
];
/** Nothing of these may be told but the path. */
exports.no_names = async () => [
  await post([call('hunter2 with space')]),
  await post([call('hunter2'.repeat(50))]),
  await post(['<other><methodCall><methodName>hunter2</methodName></methodCall></other>']),
  await post([`<!--${'-'.repeat(3000)}-->${call('hunter2')}`]),
  await post(['<!---->'.repeat(400)]),
  await post(['']),
  await post([call('hunter2')], { type: 'application/json' }),
  await post([call('hunter2')], { verb: 'PUT' }),
  await post([Buffer.from(call('hunter2'), 'utf16le')]),
];
exports.lost = async () => {
  const socket = net.connect(port, '127.0.0.1');
  socket.write('POST /lost HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 99\r\n\r\n<methodCall>');
  await soon(50);
  socket.destroy();
  await gone(server);
};
/** The server answers before the name has come in. */
exports.early = async () => {
  const hasty = http.createServer((_, response) => response.end('no'));
  const asked = http.request({
    host: '127.0.0.1',
    port: await listen(hasty),
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
  });
  const answered = new Promise((resolve) => asked.on('response', (response) => response.resume().on('end', resolve)));
  asked.write('<methodCall>');
  await answered;
  asked.end('<methodName>late</methodName></methodCall>');
  await soon(50);
  hasty.close();
};
exports.others = async () => {
  const url = `http://127.0.0.1:${port}/fault?token=hunter2`;
  const options = { method: 'POST', headers: { 'content-type': 'text/xml' } };
  await (await fetch(url, { ...options, body: call('by.fetch') })).text();
  await (await fetch(url, { ...options, body: Readable.from([call('by.stream')]), duplex: 'half' })).text();
  await (await undici.request(url, { ...options, body: call('by.undici') })).body.text();
  await (await undici.request(url, { ...options, body: Buffer.from(call('by.buffer')) })).body.text();
  await (await undici.request(url, { ...options, body: '<hunter2/>' })).body.text();
  await undici.request('http://127.0.0.1:1/', { ...options, body: call('refused') }).catch(() => {});
};
exports.http2 = async () => {
  const modern = http2.createServer(echo);
  const session = http2.connect(`http://127.0.0.1:${await listen(modern)}`);
  for (const pieces of [[call('by.http2')], call('piece.by.piece').split(''), ['<hunter2/>']]) {
    const stream = session.request({ ':method': 'POST', ':path': '/fault', 'content-type': 'text/xml' });
    const closed = new Promise((resolve) => stream.resume().on('close', resolve));
    for (const piece of pieces) await new Promise((sent) => stream.write(piece, sent));
    stream.end();
    await closed;
  }
  session.close();
  modern.close();
};
