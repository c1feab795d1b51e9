const http = require('node:http');
const server = http.createServer((request, response) => {
  const found = request.url.startsWith('/apples');
  response.writeHead(found ? 200 : 404, { connection: 'close' });
  response.end('two\n');
});
function ask(method, path) {
  return new Promise((resolve, reject) => {
    const options = { port: server.address().port, host: '127.0.0.1', method, path };
    const request = http.request(options, (response) => response.resume().on('close', resolve));
    request.on('error', reject);
    request.end();
  });
}
server.listen(0, '127.0.0.1', async () => {
  await ask('GET', '/apples?secret=1');
  await ask('POST', '/apples');
  await ask('GET', '/pears');
  server.close();
});
