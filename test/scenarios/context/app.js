const http = require('node:http');
function now() {}
function later() {}
function outside() {}
const server = http.createServer(async (request, response) => {
  now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  later();
  response.end('two\n');
});
function ask(path) {
  return new Promise((resolve, reject) => {
    const options = { port: server.address().port, host: '127.0.0.1', path, agent: false };
    http.get(options, (response) => response.resume().on('close', resolve)).on('error', reject);
  });
}
server.listen(0, '127.0.0.1', async () => {
  outside();
  await ask('/a');
  outside();
  await ask('/b');
  outside();
  server.close();
});
