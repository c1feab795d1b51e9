// Express and fastify under autocannon's load, over http and https.
const http = require('http');
const https = require('https');
const autocannon = require('autocannon');
const express = require('express');
const fastify = require('fastify');
const { gone, listen, tls } = require('./common.js');

const AMOUNT = 2000;
const served = { count: 0 };

/** What autocannon got: responses by status, and all bytes. */
const load = async (server, protocol, port) => {
  served.count = 0;
  const requests = [{ path: '/items/1?token=hunter2' }, { method: 'POST', path: '/items', body: '{"a":1}' }, { path: '/no' }];
  for (const request of requests) request.headers = { 'content-type': 'application/json' };
  const url = `${protocol}://127.0.0.1:${port}`;
  const options = { url, amount: AMOUNT, connections: 10, requests };
  const result = await autocannon(options);
  await gone(server);
  return { statuses: result.statusCodeStats, bytes: result.throughput.total, served: served.count };
};
const byExpress = () => {
  const app = express();
  app.use((_request, _response, next) => (served.count++, next()));
  app.get('/items/:id', (request, response) => response.json({ id: request.params.id, text: 'x'.repeat(500) }));
  app.post('/items', express.json(), (request, response) => response.status(201).json(request.body));
  return app;
};
const byFastify = async (options) => {
  const app = fastify(options);
  app.addHook('onRequest', async () => void served.count++);
  app.get('/items/:id', async (request) => ({ id: request.params.id, text: 'x'.repeat(500) }));
  app.post('/items', async (request, reply) => reply.code(201).send(request.body));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server;
};

exports.express_http = async () => {
  const server = http.createServer(byExpress());
  const port = await listen(server);
  const result = await load(server, 'http', port);
  server.close();
  return result;
};
exports.express_https = async () => {
  const server = https.createServer(tls, byExpress());
  const port = await listen(server);
  const result = await load(server, 'https', port);
  server.close();
  return result;
};
exports.fastify_http = async () => {
  const server = await byFastify({});
  const result = await load(server, 'http', server.address().port);
  server.close();
  return result;
};
exports.fastify_https = async () => {
  const server = await byFastify({ https: tls });
  const result = await load(server, 'https', server.address().port);
  server.close();
  return result;
};
