// A server that counts what it serves: `http`, `https KEY CERTIFICATE` or `express`. Lines on stdin: `finish`, `end`.
const [kind, key, certificate] = process.argv.slice(2);
const fs = require('fs');
const served = {};
let waiting = [];

function answer(request, response) {
  const path = request.url.split('?')[0];
  served[path] = (served[path] ?? 0) + 1;
  const [, route, value] = path.split('/');
  if (route === 'status') {
    response.statusCode = Number(value);
    response.end(response.statusCode === 204 ? undefined : 'with a status');
  } else if (route === 'big') response.end('x'.repeat(100_000));
  else if (route === 'slow') {
    waiting.push(() => response.end('at last'));
    console.log('waiting');
  } else if (route === 'destroy') request.socket.destroy();
  else if (route === 'half') {
    response.write('half of it', () => response.destroy());
  } else if (route === 'echo') request.pipe(response);
  else response.end('hello');
}

function serve() {
  if (kind === 'https')
    return require('https').createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, answer);
  if (kind === 'http') return require('http').createServer(answer);
  const app = require('express')();
  app.get('/fails', () => {
    served['/fails'] = (served['/fails'] ?? 0) + 1;
    throw new Error('in a handler');
  });
  app.use(answer);
  return require('http').createServer(app);
}

const server = serve();
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
process.stdin.on('data', (text) => {
  if (String(text).includes('finish')) {
    for (const finish of waiting) finish();
    waiting = [];
    console.log('finished');
  } else {
    console.log(`served ${JSON.stringify(served)}`);
    server.close();
    server.closeAllConnections();
    process.stdin.destroy();
  }
});
