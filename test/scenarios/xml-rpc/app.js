const xmlrpc = require('xmlrpc');
const server = xmlrpc.createServer({ host: '127.0.0.1', port: 0 }, async () => {
  const { port } = server.httpServer.address();
  const client = xmlrpc.createClient({ host: '127.0.0.1', port, path: '/RPC2?secret=1' });
  const call = (method, ...params) => new Promise((resolve) => client.methodCall(method, params, resolve));
  await call('shop.price', 'apples');
  await call('shop.sell', 'pears');
  await call('no.such.method');
  server.close(() => {});
});
server.on('shop.price', (error, [fruit], answer) => answer(null, fruit.length));
server.on('shop.sell', (error, params, answer) => answer({ faultCode: 4, faultString: 'no more pears' }));
server.on('NotFound', () => {});
