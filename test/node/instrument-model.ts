/**
 * A model of what the callbacks are for: it keeps the stack of frames and writes down what happens.
 *
 * It is stricter than a tracer: whatever an instrumented program calls out of order is written down as
 * `WRONG`. Used by the instrument tests.
 */
import { runInContext, createContext } from 'node:vm';
import { instrument, restore } from '../../providers/node/instrument/index.cjs';
import type { Instrumented, SourceKind } from '../../providers/node/instrument/index.cjs';

export interface Frame {
  readonly id: number;
  readonly name: string;
  state: 'running' | 'suspended' | 'over';
}

/** What an entry gives: called at the return. */
interface Leave {
  (): void;
  frame?: Frame;
}

/** What instrumented programs ask for their entries, by names like f000017; g for lasting functions. */
export function entries(enter: (id: number, isLasting: boolean) => unknown): object {
  return new Proxy({}, { get: (_, name) => enter(parseInt(String(name).slice(1), 16), String(name).startsWith('g')) });
}

/** Shadow stack with a log: `> f` entry, `< f` return, `x f` unwound, `s f` suspended, `r f` resumed. */
export class Model {
  readonly log: string[] = [];
  private stack: Frame[] = [];

  constructor(private readonly names: readonly string[]) {}

  /** Frames that are still on the stack; none once the program is over. */
  get open(): string[] {
    return this.stack.map(({ name }) => name);
  }

  /** The callbacks, by the names that instrumented programs know. */
  get callbacks(): Record<string, unknown> {
    return {
      __pp_e: entries((id, isLasting) => {
        const frame = this.enter(id);
        if (isLasting) return frame;
        const leave: Leave = () => {
          this.leave(id, frame, '<');
        };
        leave.frame = frame;
        return leave;
      }),
      __pp_r: (id: number, frame: Frame) => {
        this.leave(id, frame, '<');
      },
      __pp_x: (id: number, frame: Frame) => {
        this.leave(id, frame, 'x');
      },
      __pp_c: (id: number, token: Frame | Leave, ...caught: unknown[]) => {
        this.top(id, typeof token === 'function' ? token.frame! : token);
        if (caught.length) this.log.push(`caught ${describe(caught[0])}`);
        return token;
      },
      __pp_t: (id: number, value: unknown) => {
        this.log.push(`throw ${describe(value)}`);
        if (!this.names[id]) this.log.push(`WRONG id ${id}`);
      },
      __pp_s: (id: number, frame: Frame) => {
        if (frame.state === 'suspended') return;
        this.top(id, frame);
        this.stack.pop();
        frame.state = 'suspended';
        this.log.push(`s ${frame.name}`);
      },
      __pp_m: (id: number, frame: Frame) => this.top(id, frame),
    };
  }

  private enter(id: number): Frame {
    const frame: Frame = { id, name: this.names[id] ?? `WRONG id ${id}`, state: 'running' };
    this.stack.push(frame);
    this.log.push(`> ${frame.name}`);
    return frame;
  }

  /** Makes a frame the running one: resumes it, or closes the frames above it. */
  private top(id: number, frame: Frame): Frame {
    if (frame.id !== id || frame.state === 'over') this.log.push(`WRONG ${frame.state} ${frame.name}`);
    if (frame.state === 'suspended') {
      frame.state = 'running';
      this.stack.push(frame);
      this.log.push(`r ${frame.name}`);
    }
    while (this.stack.length && this.stack.at(-1) !== frame) {
      const above = this.stack.pop();
      if (above) above.state = 'over';
      this.log.push(`x ${above?.name}`);
    }
    return frame;
  }

  private leave(id: number, frame: Frame, how: string): void {
    this.top(id, frame);
    this.stack.pop();
    frame.state = 'over';
    this.log.push(`${how} ${frame.name}`);
  }
}

function describe(value: unknown): string {
  // The engine quotes the program's text in these, inserted text and all.
  if (typeof value === 'object' && value !== null && 'name' in value && value.name === 'TypeError') return 'TypeError';
  if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  return String(value);
}

export interface Outcome {
  /** What the program's last expression came to, awaited. */
  readonly value: unknown;
  readonly failure: string | undefined;
  /** What it said by `say(…)`, and the model's log in between. */
  readonly log: string[];
  /** What it said alone. */
  readonly said: string[];
  readonly open: string[];
}

/** Instruments a program that is known to be correct. */
export function mustInstrument(source: string, kind: SourceKind = 'script'): Instrumented {
  const result = instrument(source, { kind });
  if (!result) throw new Error(`not instrumented: ${source}`);
  return result;
}

async function run(code: string, model: Model, hosts: Record<string, unknown>, traced: boolean): Promise<Outcome> {
  const said: string[] = [];
  const say = (text: unknown): void => {
    said.push(describe(text));
    model.log.push(`say ${describe(text)}`);
  };
  const off = { ...Object.fromEntries(Object.keys(model.callbacks).map((name) => [name, undefined])), __pp_e: {} };
  const context = createContext({ ...(traced ? model.callbacks : off), say, ...hosts });
  // As the provider does: a program may look at its own text.
  const functions = runInContext('Function.prototype', context) as { toString(): string };
  const original = functions.toString;
  functions.toString = function () {
    return restore(original.call(this));
  };
  let value: unknown;
  let failure: string | undefined;
  try {
    value = await (runInContext(code, context) as unknown);
  } catch (error) {
    failure = describe(error);
  }
  // All microtasks, also of promises that the program dropped, run before the next macrotask.
  await new Promise((resolve) => setImmediate(resolve));
  return { value, failure, log: model.log, said, open: model.open };
}

/** Runs a program as it is, instrumented but untraced, and traced. */
export async function runThrice(
  source: string,
  hosts: (model: Model) => Record<string, unknown> = () => ({}),
): Promise<{ plain: Outcome; untraced: Outcome; traced: Outcome }> {
  const { code, functions } = mustInstrument(source);
  const names = functions.map(({ scope, name }) => (scope ? `${scope}.${name}` : name));
  const once = (text: string, traced: boolean): Promise<Outcome> => {
    const model = new Model(names);
    return run(text, model, hosts(model), traced);
  };
  return {
    plain: await once(source, false),
    untraced: await once(code, false),
    traced: await once(code, true),
  };
}
