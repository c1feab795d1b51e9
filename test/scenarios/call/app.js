const http = require('node:http');
const server = http.createServer((request, response) => {
  if (request.url === '/gone') request.socket.destroy();
  else response.writeHead(request.url === '/apples?secret=1' ? 200 : 404).end('two\n');
});
function ask(method, path) {
  return new Promise((resolve) => {
    const options = { port: server.address().port, host: '127.0.0.1', method, path, agent: false };
    const request = http.request(options, (response) => response.resume().on('close', resolve));
    request.on('error', resolve);
    request.end();
  });
}
server.listen(0, '127.0.0.1', async () => {
  await ask('GET', '/apples?secret=1');
  await ask('POST', '/pears');
  await ask('GET', '/gone');
  server.close();
});
