const express = require('express');
const { answer, listening } = require('./work.cjs');
const app = express();
app.use(express.json());
app.use((request, response, next) => {
  response.set('X-Answered-By', 'express');
  next();
});
app.get('/items/:first', async (request, response) => {
  response.json(await answer(Number(request.params.first), 20));
});
const server = app.listen(0, '127.0.0.1', () => listening(server.address().port));
