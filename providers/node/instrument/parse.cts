/**
 * From source text to what is in it: its functions, and the sites where something has to be inserted.
 *
 * Sites come out in the order of the text, outer before inner where they open and inner before outer
 * where they close, because the tree is walked in source order: so `insert.cts` needs no sorting.
 * What a site's text is can depend on what stands further down in the function, therefore the walk
 * only notes it in the function's record and `insert.cts` decides.
 *
 * Owns: the walk. Doesn't own: text. Called by: `insert.cts`. Loads acorn only when first called,
 * since a program that is in the cache is started without it.
 */
import type {
  AnyNode,
  Class,
  Expression,
  Function,
  Program,
  ReturnStatement,
  ThrowStatement,
  TryStatement,
} from 'acorn';
import { newFunction, type FunctionRecord, type Parsed, type Site, type SiteKind, type SourceKind } from './sites.cjs';
import { hasStack, own } from '../own.cjs';
import { givenNames, isExportTable, keptName } from './compiled.cjs';
import { ANONYMOUS, MODULE, boundNames, isUnnamed, keyName, peel, targetName } from './names.cjs';

/** Children in source order, where acorn's own order of properties isn't that. */
const CHILDREN: Record<string, readonly string[]> = {
  SwitchCase: ['test', 'consequent'],
  TemplateLiteral: ['expressions'],
  Literal: [],
  Identifier: [],
  ThisExpression: [],
  MemberExpression: ['object', 'property'],
  CallExpression: ['callee', 'arguments'],
  BinaryExpression: ['left', 'right'],
  LogicalExpression: ['left', 'right'],
  BlockStatement: ['body'],
  IfStatement: ['test', 'consequent', 'alternate'],
};

const BUSY = /^(?:Call|New|Tagged|Await|Yield|Throw|Try|For|While|DoWhile|Import|Class)(?!Specifier)/;

/** Kept, so that a program that empties the cache of modules doesn't make us load it again. */
let parser: typeof import('acorn').Parser | undefined;

/** acorn's parser, which stops in time where a program is nested too deeply. */
function parserOf({ Parser }: typeof import('acorn')): typeof import('acorn').Parser {
  type Method = (...args: unknown[]) => unknown;
  const parser = Parser.extend((Base) => class extends Base {});
  const methods = parser.prototype as unknown as Record<string, Method>;
  let depth = 0;
  for (const name of ['parseStatement', 'parseMaybeAssign']) {
    const own = methods[name]!;
    methods[name] = function (...args) {
      if (++depth % 16 === 0 && !hasStack()) {
        depth = 0;
        throw new RangeError('nested too deeply');
      }
      const node = own.apply(this, args);
      depth--;
      return node;
    };
  }
  return parser;
}

/** Parses a program. Throws acorn's SyntaxError, or a RangeError for what is nested too deeply. */
export function parse(source: string, kind: SourceKind): Parsed {
  parser ??= parserOf(own('acorn') as typeof import('acorn'));
  const tree = parser.parse(source, {
    ecmaVersion: 'latest',
    sourceType: kind,
    preserveParens: true,
  });
  return new Walk(source, kind).run(tree);
}

/** Node tells in which line of a module something can't be imported: nothing is inserted there. */
function isLink(statement: Program['body'][number]): boolean {
  if (statement.type === 'ExportNamedDeclaration') return statement.source !== null;
  return statement.type === 'ImportDeclaration' || statement.type === 'ExportAllDeclaration';
}

class Walk {
  private readonly functions: FunctionRecord[] = [];
  private readonly sites: Site[] = [];
  /** The function whose own code is being walked; none at top level and in class bodies. */
  private current: FunctionRecord | undefined;
  private scope = '';
  /** Start of the innermost expression statement. */
  private statement = -1;
  private readonly keys = new Map<string, readonly string[]>(Object.entries(CHILDREN));
  private readonly busy = new Map<string, boolean>();

  private given = new Map<string, string>();

  /** Code outside of functions. */
  private readonly module = newFunction({ scope: '', name: MODULE, at: 0, isModule: true, isBusy: true });

  constructor(
    private readonly source: string,
    private readonly kind: SourceKind,
  ) {}

  run(tree: Program): Parsed {
    this.given = givenNames(this.source);
    this.each(tree.body);
    const { module } = this;
    if (module.needsValue || module.needsToken) {
      const first = tree.body.find((statement) => !('directive' in statement || isLink(statement)));
      this.sites.unshift({ at: first?.start ?? 0, kind: 'module', of: module, note: '' });
      this.functions.push(module);
    }
    return { functions: this.functions, sites: this.sites };
  }

  private site(at: number, kind: SiteKind, note = '', of = this.current): void {
    if (of) this.sites.push({ at, kind, of, note });
  }

  private each(nodes: readonly (AnyNode | null)[]): void {
    for (const node of nodes) if (node) this.visit(node, '');
  }

  /** @param name what the node is called if it is a function or class without a name of its own */
  private visit(node: AnyNode, name: string): void {
    switch (node.type) {
      case 'FunctionDeclaration':
        if (node.id) this.current?.vars.add(node.id.name);
        return this.visitFunction(node, node.start, name);
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.visitFunction(node, node.start, name);
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.visitClass(node, name);
      case 'ParenthesizedExpression':
        return this.visit(node.expression, name);
      case 'ExportDefaultDeclaration':
        return this.visit(node.declaration, 'default');
      case 'VariableDeclarator':
        this.visit(node.id, '');
        if (node.init) this.visit(node.init, targetName(this.source, node.id));
        return;
      case 'AssignmentExpression':
      case 'AssignmentPattern':
        this.visit(node.left, '');
        return this.visit(node.right, targetName(this.source, node.left));
      case 'Property':
        if (node.computed) this.visit(node.key, '');
        if (!node.shorthand) return this.visitMember(node.value, node.key, node);
        return this.visit(node.value, '');
      case 'VariableDeclaration':
        this.declare(node.kind, node.declarations);
        return this.each(node.declarations);
      case 'ExpressionStatement':
        this.statement = node.start;
        return this.visit(node.expression, '');
      case 'WithStatement':
        // Names that we insert would be looked up in the object, which a proxy could tell.
        if (this.current) this.current.skip = 'with';
        return this.visit(node.object, '');
      case 'LabeledStatement': {
        let body: AnyNode = node.body;
        while (body.type === 'LabeledStatement') body = body.body;
        if (body.type === 'FunctionDeclaration') this.current?.topFunctions.push(body.id.name);
        if (body.type === 'ForOfStatement' && body.await) return this.visitForAwait(body, node);
        return this.visit(body, '');
      }
      case 'CallExpression': {
        const kept = keptName(node);
        const isTable = isExportTable(node);
        if (!kept && !isTable) return this.visitRest(node);
        if (this.current) this.current.isBusy = true;
        return kept && this.visit(...kept);
      }
      default:
        return this.visitRest(node);
    }
  }

  private visitRest(node: AnyNode): void {
    if (this.current) this.visitCode(node, this.current);
    else this.visitOutside(node);
  }

  /** Outside of functions. A script's variables would be the global object's: it is left alone. */
  private visitOutside(node: AnyNode): void {
    if (this.kind === 'script') return this.children(node);
    if (node.type === 'ThrowStatement') return this.visitThrow(node, this.module);
    if (node.type === 'TryStatement') return this.visitTry(node, this.module);
    this.children(node);
  }

  /** Nodes that only matter within a function. */
  private visitCode(node: AnyNode, fn: FunctionRecord): void {
    let busy = this.busy.get(node.type);
    if (busy === undefined) this.busy.set(node.type, (busy = BUSY.test(node.type)));
    if (busy) fn.isBusy = true;
    switch (node.type) {
      case 'ReturnStatement':
        return this.visitReturn(node, fn);
      case 'ThrowStatement':
        return this.visitThrow(node, fn);
      case 'AwaitExpression':
      case 'YieldExpression': {
        fn.needsToken = fn.needsValue = true;
        this.site(node.start, 'suspend-open', node.start === this.statement ? 'statement' : '');
        if (!node.argument) return this.site(node.end, 'suspend-void');
        this.site(node.argument.start, 'suspend-value', isUnnamed(node.argument) ? 'unnamed' : '');
        this.visit(node.argument, '');
        return this.site(node.end, 'suspend-close');
      }
      case 'TryStatement':
        return this.visitTry(node, fn);
      case 'ForOfStatement':
        if (node.await) return this.visitForAwait(node, node);
        return this.children(node);
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') fn.hasEval = true;
        return this.children(node);
      default:
        return this.children(node);
    }
  }

  private children(node: AnyNode): void {
    let keys = this.keys.get(node.type);
    if (!keys) {
      // A type of node always has the same properties, but may have null in those with children.
      keys = Object.keys(node).filter((key) => !/^(?:type|start|end|label|local)$/.test(key));
      this.keys.set(node.type, keys);
    }
    const bag = node as unknown as Record<string, unknown>;
    for (const key of keys) {
      const value = bag[key];
      if (value === null || typeof value !== 'object') continue;
      if (Array.isArray(value)) this.each(value as (AnyNode | null)[]);
      else if ('type' in value) this.visit(value as AnyNode, '');
    }
  }

  private declare(kind: string, declarations: readonly { id: AnyNode }[]): void {
    const fn = this.current;
    if (!fn) return;
    // Leaving its block suspends the function at a place where nothing can be inserted.
    if (kind === 'await using') fn.skip = kind;
    const names = kind === 'var' ? fn.vars : fn.lets;
    for (const { id } of declarations) boundNames(id, (name) => names.add(name));
  }

  private visitFunction(node: Function, at: number, name: string, isConstructor = false): void {
    const outer = this.current;
    const { body } = node;
    const fn = newFunction({
      scope: this.scope,
      name: (node.id?.name ?? name) || ANONYMOUS,
      at,
      async: node.async,
      generator: node.generator,
      isArrow: node.type === 'ArrowFunctionExpression',
      isConstructor,
      isBusy: node.async || node.generator,
    });
    this.functions.push(fn);
    for (const parameter of node.params) boundNames(parameter, (bound) => fn.vars.add(bound));
    if (body.type !== 'BlockStatement') this.visitArrow(node, body, fn);
    else if (body.body.some((first) => 'directive' in first && first.directive === 'use asm'))
      fn.skip = 'use asm'; // validated as a whole by the engine: not even inner functions
    else this.visitBody(node, body, fn);
    this.current = outer;
  }

  /** Defaults of parameters run before entry: what they do isn't the function's own code. */
  private visitParameters(node: Function, fn: FunctionRecord): void {
    this.current = undefined;
    this.each(node.params);
    this.current = fn;
  }

  private visitArrow(node: Function, body: Expression, fn: FunctionRecord): void {
    this.visitParameters(node, fn);
    const note = this.isSimple(body, fn) ? 'simple' : isUnnamed(body) ? 'unnamed' : '';
    fn.needsToken = true;
    fn.needsValue ||= note !== 'simple';
    this.site(body.start, 'arrow-open', note);
    this.visit(body, '');
    this.site(body.end, 'arrow-close', note);
  }

  private visitBody(node: Function, body: Extract<AnyNode, { type: 'BlockStatement' }>, fn: FunctionRecord): void {
    this.visitParameters(node, fn);
    let start = body.start + 1;
    let first = 0;
    for (const statement of body.body) {
      if (!('directive' in statement)) break;
      start = statement.end;
      first++;
    }
    this.site(start, 'entry', first ? 'directive' : '');
    for (const statement of body.body.slice(first)) {
      if (statement.type !== 'FunctionDeclaration') this.visit(statement, '');
      else {
        fn.topFunctions.push(statement.id.name);
        this.visitFunction(statement, statement.start, '');
      }
    }
    const last = body.body.at(-1)?.type;
    const falls = last !== 'ReturnStatement' && last !== 'ThrowStatement';
    fn.needsToken ||= falls;
    this.site(body.end - 1, 'end', falls ? 'falls' : '');
  }

  private visitReturn(node: ReturnStatement, fn: FunctionRecord): void {
    const { argument } = node;
    fn.needsToken = true;
    fn.returns++;
    fn.returnsIntoFinally ||= fn.finallyDepth > 0;
    if (!argument) {
      this.site(node.start, 'return-void');
      return this.site(node.end, 'return-void-close');
    }
    fn.returnMayFail ||= fn.async && fn.generator;
    if (this.isSimple(argument, fn)) {
      this.site(argument.start, 'return-simple');
      return this.visit(argument, '');
    }
    fn.needsValue = true;
    this.site(argument.start, 'return-open', isUnnamed(argument) ? 'unnamed' : '');
    this.visit(argument, '');
    this.site(argument.end, 'return-close');
  }

  /** Whether an expression can as well be evaluated after the callback: it neither acts nor fails. */
  private isSimple(node: Expression, fn: FunctionRecord): boolean {
    const inner = peel(node);
    switch (inner.type) {
      case 'Literal':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return true;
      case 'TemplateLiteral':
        return inner.expressions.length === 0;
      case 'UnaryExpression':
        return inner.operator !== 'delete' && inner.argument.type === 'Literal';
      case 'Identifier':
        return inner.name === 'undefined' || fn.vars.has(inner.name) || fn.lets.has(inner.name);
      case 'ThisExpression': // fails before super()
        return !fn.isConstructor && !fn.isArrow;
      default:
        return false;
    }
  }

  private visitThrow({ start, argument }: ThrowStatement, fn: FunctionRecord): void {
    fn.needsValue = true;
    this.site(argument.start, 'throw-open', isUnnamed(argument) ? 'unnamed' : '', fn);
    this.visit(argument, '');
    this.site(argument.end, 'throw-close', String(start), fn);
  }

  private visitTry(node: TryStatement, fn: FunctionRecord): void {
    const { handler, finalizer } = node;
    const returnsBefore = fn.returns;
    fn.needsToken = true;
    if (finalizer) fn.finallyDepth++;
    this.each(node.block.body);
    if (handler) {
      const { param, body } = handler;
      const isApart = param !== null && param !== undefined && param.type !== 'Identifier';
      if (!param) this.site(body.start, 'catch-bind', '', fn);
      else if (isApart) this.site(param.start, 'catch-apart', '', fn);
      if (param) this.visit(param, '');
      if (param) boundNames(param, (name) => fn.lets.add(name));
      if (!isApart)
        this.site(body.start + 1, 'catch', param ? this.source.slice(param.start, param.end) : '__pp_w', fn);
      this.each(body.body);
      if (isApart) this.site(body.end, 'catch-apart-close', '', fn);
    }
    if (!finalizer) return;
    fn.finallyDepth--;
    const note = fn.returns > returnsBefore ? 'flagged' : '';
    this.site(finalizer.start + 1, 'finally-open', note, fn);
    this.each(finalizer.body);
    this.site(finalizer.end - 1, 'finally-close', note, fn);
  }

  private visitForAwait(node: Extract<AnyNode, { type: 'ForOfStatement' }>, labelled: AnyNode): void {
    const fn = this.current;
    if (!fn) return this.children(node);
    const returnsBefore = fn.returns;
    fn.isBusy = fn.needsToken = fn.needsValue = true;
    this.site(labelled.start, 'loop-open');
    this.visit(node.left, '');
    this.site(node.right.start, 'loop-right', isUnnamed(node.right) ? 'unnamed' : '');
    this.visit(node.right, '');
    this.site(node.right.end, 'loop-right-close');
    const note = node.body.type === 'BlockStatement' ? 'block' : '';
    this.site(node.body.start, 'loop-body', note);
    this.visit(node.body, '');
    this.site(node.body.end, 'loop-body-close', note);
    this.site(node.end, 'loop-close');
    fn.returnMayFail ||= fn.returns > returnsBefore;
  }

  private visitClass(node: Class, name: string): void {
    const { current: fn, scope } = this;
    if (fn) fn.isBusy = true;
    if (node.superClass) this.visit(node.superClass, '');
    const named = node.id?.name ?? name;
    const own = (this.given.get(named) ?? named) || ANONYMOUS;
    const inner = scope ? `${scope}.${own}` : own;
    for (const member of node.body.body) {
      if (member.type !== 'StaticBlock' && member.computed) this.visit(member.key, '');
      this.scope = inner;
      // Neither fields' values nor static blocks are functions of ours, or the enclosing one's code.
      this.current = undefined;
      if (member.type === 'StaticBlock') this.each(member.body);
      else if (member.value) this.visitMember(member.value, member.key, member);
      this.scope = scope;
      this.current = fn;
    }
  }

  private visitMember(
    value: AnyNode,
    key: Parameters<typeof keyName>[1],
    member: { readonly computed: boolean; readonly kind?: string; readonly method?: boolean },
  ): void {
    const { kind } = member;
    const name = keyName(this.source, key, member.computed);
    const isFunction = kind !== undefined && (kind !== 'init' || member.method === true);
    if (!isFunction || value.type !== 'FunctionExpression') return this.visit(value, name);
    const accessor = kind === 'get' || kind === 'set' ? `${kind} ` : '';
    this.visitFunction(value, key.start, accessor + name, kind === 'constructor');
  }
}
