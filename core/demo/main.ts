/**
 * `npm start`: a real application under load, traced live, and what one then knows of it.
 *
 * Owns: the order of things, and that nothing stays behind, whatever happens. The application is app.js, an ordinary shop on
 * Express that knows nothing of polyprobe; it is started by `polyprobe run` and traced by the tools of `polyprobe trace`.
 */
import { relative } from 'node:path';
import { colours, print, reportError } from '../cli/output.js';
import { tracing as traceErrors } from '../cli/trace-errors.js';
import { PACKAGE } from '../paths.js';
import { findBpftrace } from '../tracer/bpftrace.js';
import { count } from '../tracer/units.js';
import { load, wholeVisits, type Answers } from './load.js';
import { again } from './root.js';
import { APP, Shop } from './shop.js';
import { summary } from './summary.js';
import { Tracing } from './trace.js';

/** Requests until V8 has compiled what is hot. */
const WARM_UP = wholeVisits(1000);
const UNTRACED_SECONDS = 3;
const TRACED_SECONDS = 8;
/** What is traced is slower: so many of the untraced requests are made in a second. */
const SLOWER = 0.6;

const { bold, dim } = colours();

/** On a terminal one line that changes, otherwise nothing: the steps themselves are said anyway. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(text === '' ? '\r\x1b[K' : `\r${text} … \x1b[K`);
}

async function during<T>(text: string, work: Promise<T>): Promise<T> {
  const begun = Date.now();
  const draw = (): void => progress(`${text}, ${Math.round((Date.now() - begun) / 1000)} s`);
  draw();
  const timer = setInterval(draw, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    progress('');
  }
}

const step = (what: string, how: string): void => print(`${bold(what.padEnd(7))} ${how}\n`);
const rate = ({ total, seconds }: Answers): string => `${count(total)} requests, ${count(total / seconds)} a second`;

const NEXT = `WHERE TO GO NEXT
  npx polyprobe run -- node YOUR_APP.js           your own program, ready to be traced
  sudo npx polyprobe ps                           what can be traced on this machine
  sudo npx polyprobe trace calls -p PID           its functions; also: flow, gc, requests, exceptions
  sudo bpftrace -e "usdt:$(npx polyprobe lib):*:function__entry { @[str(arg2)] = count(); }"
`;

/** The whole job. @returns the exit status */
async function demo(stop: AbortController, atEnd: (clean: () => void) => void): Promise<number> {
  const shop = new Shop();
  atEnd(() => shop.discard());
  const port = await shop.ready();
  step(
    'run',
    `polyprobe run -- node ${relative(PACKAGE, APP)}/app.js ${dim(`(process ${shop.pid}, http://127.0.0.1:${port})`)}`,
  );
  const at = (amount: number): Promise<Answers> => load(port, amount, stop.signal);

  const warm = await during('warming up', at(WARM_UP));
  const untraced = await during('load, untraced', at(wholeVisits((warm.total / warm.seconds) * UNTRACED_SECONDS)));
  step('load', `${rate(untraced)}, untraced`);
  const servedBefore = warm.total + untraced.total;
  const isOrder = ([key]: [string, number]): boolean => key.startsWith('POST') && key.endsWith('201');
  const ordersBefore = [...warm.byRoute, ...untraced.byRoute].filter(isOrder).reduce((sum, [, n]) => sum + n, 0);
  const bytesBefore = shop.orderBytes;

  const tracing = new Tracing(shop.pid);
  atEnd(() => tracing.kill());
  await during('attaching', tracing.ready());
  step('trace', `functions, requests, exceptions, GC and disk of process ${shop.pid}, by bpftrace`);
  const amount = wholeVisits((untraced.total / untraced.seconds) * SLOWER * TRACED_SECONDS);
  const traced = await during('load, traced', at(amount));
  step('load', `${rate(traced)}, traced`);

  // The shop ends first: what it does until then is traced too, and so both count the same.
  const orderBytes = shop.orderBytes - bytesBefore;
  const served = await shop.end();
  const trace = await during('collecting', tracing.stop());
  const { text, agree } = summary(trace, {
    ...{ untraced, traced, orderBytes },
    shopRequests: served.requests - servedBefore,
    shopOrders: served.orders - ordersBefore,
  });
  print(`\n${text}\n${NEXT}`);
  return agree ? 0 : 1;
}

async function main(): Promise<void> {
  const status = await again();
  if (status !== undefined) {
    process.exitCode = status;
    return;
  }
  const cleaners: (() => void)[] = [];
  const clean = (): void =>
    cleaners
      .splice(0)
      .reverse()
      .forEach((each) => each());
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      stop.abort();
      clean();
      progress('');
      process.exit(130);
    });
  try {
    await traceErrors(async () => {
      // Now, not after the load.
      findBpftrace();
      process.exitCode = await demo(stop, (cleaner) => cleaners.push(cleaner));
    });
  } finally {
    clean();
  }
}

try {
  await main();
} catch (error) {
  reportError(error);
}
