const { answer, listening } = require('./work.cjs');
const app = require('fastify')({ logger: false });
app.addHook('onSend', async (request, reply, payload) => {
  reply.header('x-answered-by', 'fastify');
  return payload;
});
app.get('/items/:first', async (request) => answer(Number(request.params.first), 20));
app.listen({ port: 0, host: '127.0.0.1' }).then(() => listening(app.server.address().port));
