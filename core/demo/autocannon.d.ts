/** What of autocannon is used here; it has no types of its own. https://github.com/mcollina/autocannon#api */
declare module 'autocannon' {
  interface Request {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly onResponse?: (status: number) => void;
  }
  interface Options {
    readonly url: string;
    readonly connections: number;
    readonly amount: number;
    /** Seconds after which a request has failed. */
    readonly timeout?: number;
    readonly requests: readonly Request[];
  }
  interface Result {
    /** Connections that failed, time-outs included. */
    readonly errors: number;
    readonly requests: { readonly total: number };
  }
  interface Run extends PromiseLike<Result> {
    stop(): void;
  }
  function autocannon(options: Options): Run;
  export default autocannon;
}
