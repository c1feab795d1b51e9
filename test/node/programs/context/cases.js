// A server for questions of detail. Each path is a case; functions say by their names whose work they are: `mine_CASE` must
// carry the id of `/CASE`, `nobody_CASE` none. Ends on a line of stdin.
const http = require('http');
const net = require('net');
const timers = require('timers/promises');
const { Worker, MessageChannel, isMainThread, parentPort } = require('worker_threads');
const child = require('child_process');
const dgram = require('dgram');
const { Duplex } = require('stream');
const calls = {};

// A function of a name of its own: instrumented, because it is in this file, and named by how it is written.
const named = {
  mine_later() {}, mine_uncaught() {}, mine_handler() {}, nobody_after() {}, mine_rejected() {}, mine_socket() {}, mine_spawn() {},
  mine_exec() {}, mine_signal() {}, mine_udp() {}, mine_port() {}, nobody_global() {}, mine_inner() {}, mine_worker() {}, mine_body() {},
  mine_throws() {}, mine_deep() {}, mine_connect() {}, mine_queued() {}, mine_first() {}, mine_second() {}, mine_third() {}, mine_fetch() {},
  mine_lookup() {}, mine_duplex() {}, mine_continue() {}, mine_close() {}, mine_upgrade() {}, mine_reset() {}, mine_iterated() {}, mine_import() {},
};
const call = (name) => {
  calls[name] = (calls[name] ?? 0) + 1;
  named[name]();
};
const wait = (start) => new Promise(start);
const globalChannel = new MessageChannel();
globalChannel.port2.on('message', () => call('nobody_global')).unref();

let uncaught;
process.on('uncaughtException', (error) => uncaught?.(error));
const throwing = (wait) => (done) => {
  uncaught = (error) => (call('mine_handler'), setImmediate(done));
  wait(() => {
    call('mine_uncaught');
    throw new Error(wait.name);
  });
};
function deep(n) {
  call('mine_deep');
  if (n === 0) throw new Error('from the depth');
  deep(n - 1);
}
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const get = (path, options, each) =>
  wait((resolve, reject) => {
    const asked = http.get({ port: server.address().port, host: '127.0.0.1', path, ...options }, (response) => {
      each();
      response.on('data', each).on('end', () => (each(), resolve()));
    });
    asked.on('error', reject);
  });

const cases = {
  // Goes on after the response is finished.
  later: (request, response) => (setTimeout(() => (call('mine_later'), setImmediate(() => call('mine_later'))), 20), response.end()),
  async uncaught(request, response) {
    for (const each of [setImmediate, setTimeout, process.nextTick, queueMicrotask]) await wait(throwing(each));
    response.end();
  },
  // Thrown in the listener itself: the parser's callback is left by an exception.
  throws(request, response) {
    call('mine_throws');
    uncaught = () => (call('mine_throws'), response.end());
    deep(3);
  },
  async socket(request, response) {
    const echo = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await wait((resolve) => echo.once('listening', resolve));
    const socket = net.connect(echo.address().port, '127.0.0.1');
    socket.on('connect', () => call('mine_socket')).on('data', () => (call('mine_socket'), socket.end()));
    socket.write('x');
    await wait((resolve) => socket.on('close', () => (call('mine_socket'), resolve())));
    await wait((resolve) => echo.close(() => (call('mine_socket'), resolve())));
    response.end();
  },
  async spawn(request, response) {
    const ls = child.spawn('true');
    ls.stdout.resume();
    await wait((resolve) => ls.on('exit', () => call('mine_spawn')).on('close', () => (call('mine_spawn'), resolve())));
    child.spawnSync('true');
    call('mine_spawn');
    response.end();
  },
  exec: (request, response) => child.execFile('echo', ['x'], () => (call('mine_exec'), response.end())),
  signal(request, response) {
    process.once('SIGUSR2', () => (call('mine_signal'), response.end()));
    process.kill(process.pid, 'SIGUSR2');
  },
  udp(request, response) {
    const socket = dgram.createSocket('udp4', () => (call('mine_udp'), socket.close(() => (call('mine_udp'), response.end()))));
    socket.bind(0, '127.0.0.1', () => (call('mine_udp'), socket.send('x', socket.address().port, '127.0.0.1')));
  },
  port(request, response) {
    const { port1, port2 } = new MessageChannel();
    port2.on('message', () => (call('mine_port'), port2.close(), response.end()));
    port1.postMessage('x');
  },
  // A port that the program had before: its messages are of the program, not of who sends.
  async global(request, response) {
    globalChannel.port1.postMessage('x');
    await timers.setTimeout(5);
    response.end();
  },
  worker(request, response) {
    const worker = new Worker("require('worker_threads').parentPort.once('message', (m) => require('worker_threads').parentPort.postMessage(m))", { eval: true });
    worker.on('message', () => (call('mine_worker'), worker.terminate().then(() => (call('mine_worker'), response.end()))));
    worker.postMessage('x');
  },
  body(request, response) {
    request.setEncoding('utf8').on('data', () => call('mine_body'));
    request.on('end', () => (call('mine_body'), response.end()));
  },
  async iterated(request, response) {
    for await (const _ of request) call('mine_iterated');
    call('mine_iterated');
    response.end();
  },
  deep(request, response) {
    try {
      deep(5);
    } catch {
      call('mine_deep');
    }
    Promise.resolve().then(() => deep(2)).catch(() => (call('mine_deep'), response.end()));
  },
  // One connection for three calls at once: two wait for it, and it is handed on by another's callback.
  first: (request, response) => get('/plain/1', { agent }, () => call('mine_first')).then(() => response.end()),
  second: (request, response) => get('/plain/2', { agent }, () => call('mine_second')).then(() => response.end()),
  third: (request, response) => get('/plain/3', { agent }, () => call('mine_third')).then(() => response.end()),
  async fetch(request, response) {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/plain/4`);
    call('mine_fetch');
    for await (const _ of answer.body) call('mine_fetch');
    call('mine_fetch');
    response.end();
  },
  // A connection without a socket: the inner request begins in the middle of the outer one's callback.
  duplex(request, response) {
    const chunks = [];
    const inner = new Duplex({ read() {}, write: (chunk, _, done) => (chunks.push(chunk), done()), final: (done) => done() });
    server.emit('connection', inner);
    inner.push('GET /inner HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    call('mine_duplex');
    inner.on('finish', () => response.end(Buffer.concat(chunks)));
  },
  inner: (request, response) => (call('mine_inner'), setImmediate(() => (call('mine_inner'), response.end('inner')))),
  continue: (request, response) => (call('mine_continue'), request.resume().on('end', () => (call('mine_continue'), response.end()))),
  close(request, response) {
    response.on('finish', () => call('mine_close')).on('close', () => call('mine_close'));
    request.resume().on('close', () => call('mine_close'));
    response.end('x');
  },
  async import(request, response) {
    await import('node:url');
    call('mine_import');
    response.end();
  },
  plain: (request, response) => setImmediate(() => response.end('plain')),
};
class Message extends http.IncomingMessage {
  constructor(socket) {
    super(socket);
    // Made before anybody knows of the request, on a connection that has served others.
    call('nobody_after');
  }
}
const server = http.createServer({ IncomingMessage: Message }, (request, response) => cases[request.url.split('/')[1]](request, response));
server.on('checkContinue', (request, response) => (response.writeContinue(), cases.continue(request, response)));
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
process.stdin.once('data', () => {
  console.log(`calls ${JSON.stringify(calls)}`);
  process.exit();
});
