const express = require('express');
const path = require('node:path');
const exchange = require('./exchange.cjs');

const app = express();
app.use(express.json());
app.use(express.urlencoded({ extended: true }));
app.use('/static', express.static(path.join(__dirname, 'static'), { etag: true, lastModified: false }));
app.use((request, response, next) => {
  response.set('X-Answered-By', 'express');
  next();
});
app.get('/', (request, response) => response.send('<h1>hello</h1>'));
app.get('/items/:id', async (request, response) => {
  await new Promise((resolve) => setImmediate(resolve));
  if (Number(request.params.id) > 900) throw Object.assign(new RangeError('no such item'), { status: 404 });
  response.json({ id: request.params.id, query: request.query });
});
app.post('/orders', (request, response) => response.status(201).location('/orders/1').json(request.body));
app.get('/fails', () => {
  null.property;
});
app.get('/rejects', async () => {
  await null;
  throw new Error('rejected in a handler');
});
app.get('/stream', (request, response) => {
  for (let i = 0; i < 5; i++) response.write(`${i},`.repeat(1000));
  response.end();
});
app.get('/format', (request, response) => response.format({ text: () => response.send('t'), html: () => response.send('<b>h</b>') }));
const router = express.Router({ mergeParams: true });
router.route('/:b').get((request, response) => response.send(JSON.stringify(request.params)));
app.use('/nested/:a', router);

const server = app.listen(0, '127.0.0.1', () =>
  exchange(server.address().port, () => server.close(), [
    ['GET /'],
    ['GET /items/12?a=1&b[c]=2'],
    ['GET /items/901'],
    ['POST /orders', '{"a":[1,2,{"b":"ü"}]}', ['Content-Type: application/json']],
    ['POST /orders', '{"a":', ['Content-Type: application/json']],
    ['POST /orders', 'a=1&b=2', ['Content-Type: application/x-www-form-urlencoded']],
    ['GET /fails'],
    ['GET /rejects'],
    ['GET /stream'],
    ['GET /format', '', ['Accept: text/html']],
    ['GET /nested/x/y'],
    ['GET /static/page.txt'],
    ['GET /static/../express.cjs'],
    ['GET /nowhere'],
    ['OPTIONS /orders'],
    ['HEAD /'],
  ]),
);
