/**
 * The program that `npm start` traces: a small shop on Express, with nothing of polyprobe in it.
 *
 *   node core/demo/app.js FILE       FILE is where orders are written; listens on a free port of 127.0.0.1 and says which
 *
 * It says at its end what it has served, so that the trace can be compared with what the program itself knows.
 */
import express from 'express';
import { findProduct, products } from './app/catalog.js';
import { OrderBook, OrderError } from './app/orders.js';
import { renderCatalog } from './app/pages.js';
import { dailyReport } from './app/reports.js';
import { search } from './app/search.js';

const orders = await OrderBook.open(process.argv[2] ?? '/tmp/polyprobe-demo-orders');
const served = { requests: 0, orders: 0, refused: 0 };

const app = express();
app.disable('x-powered-by');
app.use(express.json());
app.use(function countRequest(request, response, next) {
  response.once('finish', () => served.requests++);
  next();
});

app.get('/', function catalogPage(request, response) {
  response.type('html').send(renderCatalog(products));
});

app.get('/search', function searchPage(request, response) {
  response.json(search(String(request.query.q ?? ''), products));
});

app.get('/products/:id', function productPage(request, response) {
  response.json(findProduct(Number(request.params.id)));
});

app.post('/orders', async function placeOrder(request, response) {
  const order = await orders.place(request.body);
  served.orders++;
  response.status(201).json(order);
});

app.get('/reports/daily', function reportPage(request, response) {
  response.json(dailyReport(orders.recent()));
});

function statusOf(error) {
  if (error instanceof OrderError) return 409;
  return error instanceof RangeError ? 404 : 500;
}

// Four arguments make it Express's error handler.
app.use(function answerError(error, request, response, _next) {
  served.refused++;
  response.status(statusOf(error)).json({ error: error.message });
});

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));

process.once('SIGTERM', () => {
  server.close(async () => {
    await orders.close();
    console.log(JSON.stringify(served));
  });
  server.closeAllConnections();
});
