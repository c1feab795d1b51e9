/**
 * exchange: requests that are served and calls that are made, from their start to their end, each told once.
 *
 * Those of who serves (`request*.cts`) and of who calls (`call*.cts`) are kept apart, by whatever object stands for one. What
 * began before the tracer came isn't in here, so its end isn't told either.
 */
import type { Addon } from './addon.cjs';
import { FaultSeeker, MethodSeeker } from './xmlrpc.cjs';

/** The clock as it was: a program may put its own in its place. */
const now = process.hrtime.bigint;

/** What a start tells. */
export interface Facts {
  protocol: string;
  method: string;
  readonly target: string;
  /** The client's address; '' for calls. */
  readonly peer: string;
  readonly traceparent: string;
}

/** One of them, while it lasts. */
export interface Exchange {
  readonly id: number;
  /** The request that a call is made for. */
  readonly request: number;
  readonly facts: Facts;
  readonly startNs: bigint;
  readonly generation: number;
  /** As far as is known yet. */
  status: number;
  bytes: number;
  /** Its start isn't told yet. */
  isHeld: boolean;
  /** Its start was told to somebody. */
  wasTold: boolean;
  /** Looks for XML-RPC's method in the body; the start waits for it. */
  method?: MethodSeeker | undefined;
  fault?: FaultSeeker;
  /** Takes out what was put in to watch this one. */
  readonly undo: (() => void)[];
}

/** How they are told: requestStart and requestDone, or callStart and callDone. */
export interface Telling {
  start(exchange: Exchange): boolean;
  done(exchange: Exchange, status: number, bytes: number, durationNs: number, error: string): void;
  forget(): void;
}

export function tellRequests(addon: Addon): Telling {
  return {
    start: ({ id, facts: { protocol, method, target, peer, traceparent } }) =>
      addon.requestStart(id, protocol, method, target, peer, traceparent),
    done: ({ id, wasTold }, status, bytes, durationNs, error) =>
      addon.requestDone(id, status, bytes, durationNs, error, wasTold),
    forget: () => addon.forgetExchanges(false),
  };
}

export function tellCalls(addon: Addon): Telling {
  return {
    start: ({ id, request, facts: { protocol, method, target, traceparent } }) =>
      addon.callStart(id, request, protocol, method, target, traceparent),
    done: ({ id, request, wasTold }, status, bytes, durationNs, error) =>
      addon.callDone(id, request, status, bytes, durationNs, error, wasTold),
    forget: () => addon.forgetExchanges(true),
  };
}

/** Those that are open. */
export class Exchanges {
  readonly #addon: Addon;
  readonly #telling: Telling;
  readonly #open = new WeakMap<object, Exchange>();
  /** Those with something to undo. */
  readonly #watched = new Set<Exchange>();
  #generation = 0;

  constructor(addon: Addon, telling: Telling) {
    this.#addon = addon;
    this.#telling = telling;
  }

  /** Begins one that isn't told yet. */
  begin(key: object, facts: Facts, request = 0): Exchange {
    const exchange: Exchange = {
      id: this.#addon.newId(),
      request,
      facts,
      startNs: now(),
      generation: this.#generation,
      status: 0,
      bytes: 0,
      isHeld: true,
      wasTold: false,
      undo: [],
    };
    this.#open.set(key, exchange);
    return exchange;
  }

  /** The open one that an object stands for. */
  of(key: object): Exchange | undefined {
    const exchange = this.#open.get(key);
    return exchange?.generation === this.#generation ? exchange : undefined;
  }

  /** Tells its start, if that hasn't been. */
  tell(exchange: Exchange): void {
    if (!exchange.isHeld || exchange.generation !== this.#generation) return;
    exchange.isHeld = false;
    exchange.method = undefined;
    exchange.wasTold = this.#telling.start(exchange);
  }

  /** Takes part of what it sends to the one who is asked, and tells the start as soon as it's clear whether it is XML-RPC. */
  body(exchange: Exchange, chunk: unknown): void {
    const name = exchange.method?.feed(chunk);
    if (name === undefined) return;
    if (name !== '') {
      exchange.facts.protocol = 'xml-rpc';
      exchange.facts.method = name;
      exchange.fault = new FaultSeeker();
    }
    this.unwatch(exchange);
    this.tell(exchange);
  }

  /** The start waits until the body says whether it is XML-RPC; `undo` ends what brings the body here. */
  seek(exchange: Exchange, ...undo: (() => void)[]): void {
    exchange.method = new MethodSeeker();
    this.watch(exchange, ...undo);
  }

  /** Something to undo when it ends, or when tracing does. */
  watch(exchange: Exchange, ...undo: (() => void)[]): void {
    exchange.undo.push(...undo);
    this.#watched.add(exchange);
  }

  unwatch(exchange: Exchange): void {
    if (!this.#watched.delete(exchange)) return;
    for (const undo of exchange.undo.splice(0)) undo();
  }

  /** Ends it, once. */
  done(key: object, status: number, bytes: number, error: string): void {
    const exchange = this.of(key);
    if (!exchange) return;
    this.tell(exchange);
    this.#open.delete(key);
    this.unwatch(exchange);
    const durationNs = Number(now() - exchange.startNs);
    this.#telling.done(exchange, status, bytes, durationNs, error || (exchange.fault?.found() ?? ''));
  }

  /** Tracing ends: the next tracer hasn't seen them begin. */
  forget(): void {
    this.#generation++;
    this.#telling.forget();
    for (const exchange of this.#watched) this.unwatch(exchange);
  }
}
