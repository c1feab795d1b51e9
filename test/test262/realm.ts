/**
 * A fresh realm for one run of one test: globals, the host object `$262`, the callbacks, and modules.
 *
 * Owns: how text becomes what V8 compiles, in one place for scripts, modules and the harness. Called by: `child.ts`.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import vm from 'node:vm';
import { isStatus, loadAddon } from '../../providers/node/addon.cjs';
import { attempt, bind, isRefusal, restore, type SourceKind } from '../../providers/node/instrument/index.cjs';
import { MARKER } from '../../providers/node/instrument/pieces.cjs';
import { descriptors, type Model, type State } from './callbacks.js';

/** Without one for this version of Node, a function of JavaScript shows functions as they were written. */
const loaded = loadAddon();
const addon = isStatus(loaded) ? undefined : loaded;

type Realm = Record<string, unknown> & { Function: FunctionConstructor };
type Import = (specifier: string, from: string, type: string | undefined) => Promise<vm.Module>;

/** Node 22's; the types are Node 20's. An ordinary global object, instead of one that asks another object. */
const ORDINARY = (vm as unknown as { constants?: { DONT_CONTEXTIFY?: vm.Context } }).constants?.DONT_CONTEXTIFY;

const hide = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true, enumerable: false });

/** What was refused of programs that V8 itself takes, by reason. */
export const refusals = new Map<string, string>();

/** The text to compile. */
export function compiled(text: string, file: string, kind: SourceKind, state: State): string {
  if (state === 'plain') return text;
  const result = attempt(text, { kind, file });
  if (isRefusal(result)) {
    refusals.set(file, `${result.reason}: ${result.message}`);
    return text;
  }
  const { functions } = result;
  const names = Buffer.from(functions.flatMap(({ scope, name }) => [scope, name, '']).join('\0'));
  const lines = Uint32Array.from(functions, ({ line }) => line);
  const base = functions.length > 0 ? (addon?.addFunctions(file, file, names, lines, false) ?? 0) : 0;
  return bind(result.code, base);
}

/** As the provider does: a program may look at its own text. */
function showAsWritten(realm: Realm): void {
  const prototype = realm.Function.prototype;
  const original = prototype.toString;
  const shown = addon
    ? addon.wrapText(original, MARKER, restore)
    : {
        toString(this: unknown): string {
          return restore(Reflect.apply(original, this, []));
        },
      }.toString;
  Object.setPrototypeOf(shown, prototype);
  Object.defineProperty(prototype, 'toString', hide(shown));
}

/** One realm. */
export class Host {
  readonly global: Realm;
  readonly #context: vm.Context;
  readonly #modules = new Map<string, Promise<vm.Module>>();

  constructor(
    readonly state: State,
    readonly model: Model,
    print: (text: string) => void,
  ) {
    const context = vm.createContext(ORDINARY ?? {});
    this.#context = context;
    this.global = vm.runInContext('this', context) as Realm;
    for (const name of ['console', 'WebAssembly']) if (name === 'console') delete this.global[name];
    Object.defineProperties(this.global, {
      ...descriptors(state, model),
      print: hide(print),
      $262: hide(this.#host(print)),
    });
    if (state !== 'plain') showAsWritten(this.global);
  }

  #host(print: (text: string) => void): unknown {
    return {
      global: this.global,
      createRealm: () => new Host(this.state, this.model, print).global['$262'],
      evalScript: (text: string): unknown => vm.runInContext(text, this.#context),
      detachArrayBuffer: (buffer: ArrayBuffer) => void structuredClone(buffer, { transfer: [buffer] }),
      gc: () => (globalThis as { gc?: () => void }).gc?.(),
      IsHTMLDDA: undefinedLike(),
      agent: {},
    };
  }

  /** Runs a script. @param text what V8 is to compile */
  run(text: string, file: string): unknown {
    return new vm.Script(text, { filename: file, importModuleDynamically: this.#dynamic(file) as never }).runInContext(
      this.#context,
    );
  }

  /** Runs a module and what it imports. */
  async runModule(text: string, file: string): Promise<void> {
    const module = this.#compile(text, file);
    this.#modules.set(file, Promise.resolve(module));
    await module.link(this.#link as vm.ModuleLinker);
    await module.evaluate();
  }

  #compile(text: string, file: string): vm.SourceTextModule {
    return new vm.SourceTextModule(compiled(text, file, 'module', this.state), {
      context: this.#context,
      identifier: file,
      importModuleDynamically: this.#dynamic(file) as never,
      initializeImportMeta: (meta) => void (meta.url = file),
    });
  }

  readonly #import: Import = (specifier, from, type) => {
    const file = resolve(dirname(from), specifier);
    const key = `${type ?? ''} ${file}`;
    const known = this.#modules.get(type === undefined ? file : key);
    if (known) return known;
    const module = (async (): Promise<vm.Module> => {
      const text = readFileSync(file, 'utf8');
      if (type === undefined) return this.#compile(text, file);
      if (type !== 'json') throw new SyntaxError(`type ${type}`);
      const value = (this.global['JSON'] as JSON).parse(text) as unknown;
      return new vm.SyntheticModule(
        ['default'],
        function (this: vm.SyntheticModule) {
          this.setExport('default', value);
        },
        { context: this.#context, identifier: key },
      );
    })();
    this.#modules.set(type === undefined ? file : key, module);
    return module;
  };

  readonly #link = (
    specifier: string,
    from: vm.Module,
    extra: { attributes?: { type?: string }; assert?: { type?: string } },
  ): Promise<vm.Module> => this.#import(specifier, from.identifier.replace(/^json /, ''), typeOf(extra));

  #dynamic(file: string) {
    return async (specifier: string, _: unknown, attributes: { type?: string }): Promise<vm.Module> => {
      const module = await this.#import(specifier, file, attributes.type);
      if (module.status === 'unlinked') await module.link(this.#link as vm.ModuleLinker);
      await module.evaluate();
      return module;
    };
  }
}

const typeOf = (extra: { attributes?: { type?: string }; assert?: { type?: string } }): string | undefined =>
  (extra.attributes ?? extra.assert)?.type;

/** The object that is like undefined: V8 has it for its own tests, when it is asked by its own syntax. */
function undefinedLike(): unknown {
  try {
    return new vm.Script('%GetUndetectable()').runInThisContext();
  } catch {
    return undefined;
  }
}
