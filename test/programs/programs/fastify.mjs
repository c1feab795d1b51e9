import fastify from 'fastify';
import exchange from './exchange.cjs';

const app = fastify({ logger: false });
app.decorate('shop', { open: true });
app.addHook('onRequest', async (request) => {
  request.begun = 'yes';
});
app.addHook('onSend', async (request, reply, payload) => {
  reply.header('x-answered-by', 'fastify');
  return payload;
});
app.setErrorHandler((error, request, reply) => {
  reply.status(error.statusCode ?? 500).send({ code: error.code, message: error.message, stack: error.stack });
});
const schema = {
  params: { type: 'object', properties: { id: { type: 'integer' } } },
  response: { 200: { type: 'object', properties: { id: { type: 'integer' }, begun: { type: 'string' } } } },
};
app.get('/', async () => ({ hello: 'world' }));
app.get('/items/:id', { schema }, async (request) => ({ id: request.params.id, begun: request.begun, hidden: 1 }));
app.post('/orders', { schema: { body: { type: 'object', required: ['sum'], properties: { sum: { type: 'number' } } } } }, (request, reply) => {
  reply.code(201).send(request.body);
});
app.get('/fails', () => {
  undefined.property;
});
app.register(
  async (nested) => {
    nested.get('/x', async function () {
      return { open: this.shop.open };
    });
  },
  { prefix: '/nested' },
);
await app.listen({ port: 0, host: '127.0.0.1' });
const inject = await app.inject({ method: 'GET', url: '/nested/x' });
console.log(inject.statusCode, inject.payload, app.printRoutes());
await exchange(app.server.address().port, () => app.close(), [
  ['GET /'],
  ['GET /items/12'],
  ['GET /items/x'],
  ['POST /orders', '{"sum":1.5}', ['Content-Type: application/json']],
  ['POST /orders', '{"sum":"much"}', ['Content-Type: application/json']],
  ['POST /orders', '{', ['Content-Type: application/json']],
  ['GET /fails'],
  ['GET /nested/x'],
  ['GET /nowhere'],
]);
