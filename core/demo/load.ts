/** The load on the shop: eight customers, each doing the same again and again. Called by main.ts. */
import autocannon from 'autocannon';

const CONNECTIONS = 8;

/** What a customer does, in order. */
const VISIT: readonly { method?: string; path: string; order?: unknown }[] = [
  { path: '/' },
  { path: '/search?q=wallnut+cloc' },
  { path: '/products/17' },
  {
    method: 'POST',
    path: '/orders',
    order: {
      customer: 'Ada',
      lines: [
        { id: 17, quantity: 1 },
        { id: 64, quantity: 2 },
      ],
    },
  },
  { path: '/search?q=blu+tepot' },
  { path: '/products/999' },
  { method: 'POST', path: '/orders', order: { customer: 'Grace', lines: [{ id: 10, quantity: 1 }] } },
  { path: '/reports/daily' },
];

/** A target as its route: `/products/17` is one of many. */
export const routeOf = (method: string, target: string): string =>
  `${method} ${target.replace(/\?.*/, '').replace(/\/\d+$/, '/:id')}`;

/** What the customers got. */
export interface Answers {
  readonly total: number;
  readonly seconds: number;
  /** Answers by route and status, `GET /search 200`. */
  readonly byRoute: ReadonlyMap<string, number>;
}

/** The number of requests nearest to `wanted` that is so many visits by each customer. */
export const wholeVisits = (wanted: number): number =>
  Math.max(1, Math.round(wanted / (CONNECTIONS * VISIT.length))) * CONNECTIONS * VISIT.length;

/**
 * Makes so many requests and waits for every answer: none is left under way, so that counts can be compared exactly.
 * @throws when a request got no answer
 */
export async function load(port: number, amount: number, stop: AbortSignal): Promise<Answers> {
  const byRoute = new Map<string, number>();
  let total = 0;
  const begun = performance.now();
  const run = autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: CONNECTIONS,
    amount,
    requests: VISIT.map(({ method = 'GET', path, order }) => ({
      method,
      path,
      ...(order ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(order) } : {}),
      onResponse: (status) => {
        const route = `${routeOf(method, path)} ${status}`;
        byRoute.set(route, (byRoute.get(route) ?? 0) + 1);
        total++;
      },
    })),
  });
  stop.addEventListener('abort', () => run.stop(), { once: true });
  const { errors } = await run;
  stop.throwIfAborted();
  if (errors > 0) throw new Error(`${errors} of ${amount} requests got no answer`);
  return { total, seconds: (performance.now() - begun) / 1000, byRoute };
}
