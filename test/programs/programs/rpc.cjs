// XML-RPC, and undici against a server of Node's own.
const http = require('node:http');
const xmlrpc = require('xmlrpc');
const undici = require('undici');

const server = xmlrpc.createServer({ host: '127.0.0.1', port: 0 }, async () => {
  const { port } = server.httpServer.address();
  const client = xmlrpc.createClient({ host: '127.0.0.1', port, path: '/' });
  const call = (name, args) => new Promise((resolve) => client.methodCall(name, args, (error, value) => resolve(error ? error.message : value)));
  console.log(await call('add', [1, 2]), await call('echo', [{ a: [1, 'x', true], d: new Date(0) }]), await call('none', []));
  const plain = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => response.end(request.method + Buffer.concat(chunks)));
  });
  plain.listen(0, '127.0.0.1', async () => {
    const origin = `http://127.0.0.1:${plain.address().port}`;
    const pool = new undici.Pool(origin, { connections: 2 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(async (n) => (await pool.request({ path: `/${n}`, method: 'POST', body: `n=${n}` })).body.text()));
    console.log(answers, await (await fetch(origin, { method: 'PUT', body: 'fetched' })).text());
    await pool.close();
    plain.close();
    plain.closeAllConnections();
    server.httpServer.close();
    server.httpServer.closeAllConnections();
  });
});
server.on('add', (error, [a, b], done) => done(null, a + b));
server.on('echo', (error, [value], done) => done(null, value));
