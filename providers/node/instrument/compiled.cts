/**
 * What compilers put into a program, so that its functions are those that somebody wrote, by their names.
 *
 * Most of it is known by having no place in the source map (`index.cts`); this is the rest. Called by: `parse.cts`.
 */
import type { AnyNode, CallExpression } from 'acorn';
import { isUnnamed } from './names.cjs';

/**
 * A function that esbuild has taken the name from, and gives it back by a call: `__name(() => 1, "one")`.
 * @returns the function and its name
 */
export function keptName({ callee, arguments: given }: CallExpression): [unnamed: AnyNode, name: string] | undefined {
  if (callee.type !== 'Identifier' || !/^__name\d*$/.test(callee.name)) return undefined;
  const [unnamed, name] = given;
  if (!unnamed || !isUnnamed(unnamed) || name?.type !== 'Literal' || typeof name.value !== 'string') return undefined;
  return [unnamed, name.value];
}

/**
 * Classes that esbuild has renamed, because they refer to themselves or are decorated: `_A = class _A {}; __name(_A, "A")`.
 * @returns the names by which the program knows them
 */
export function givenNames(source: string): Map<string, string> {
  const given = new Map<string, string>();
  if (!source.includes('__name')) return given;
  for (const [, own = '', name = ''] of source.matchAll(/\b__name\d*\((_[\w$]+),\s*"([\w$]+)"\)/g))
    if (own.startsWith(`_${name}`)) given.set(own, name);
  return given;
}

/** Whether a function does nothing but say what a name stands for. */
function isReference(node: AnyNode): boolean {
  if (node.type !== 'ArrowFunctionExpression' && node.type !== 'FunctionExpression') return false;
  let body: AnyNode | null | undefined = node.body;
  if (body.type === 'BlockStatement') {
    const [first, ...rest]: AnyNode[] = body.body;
    body = first?.type === 'ReturnStatement' && rest.length === 0 ? first.argument : undefined;
  }
  return node.params.length === 0 && (body?.type === 'Identifier' || body?.type === 'MemberExpression');
}

/**
 * The table by which esbuild, swc and webpack give a module's exports: `__export(exports, { one: () => one })`. Each use of
 * an export would count as a call of the function.
 */
export function isExportTable({ callee, arguments: given }: CallExpression): boolean {
  const isKnown =
    callee.type === 'Identifier'
      ? /^__?export\d*$/.test(callee.name)
      : callee.type === 'MemberExpression' &&
        callee.object.type === 'Identifier' &&
        callee.object.name === '__webpack_require__';
  const table = given[1];
  return (
    isKnown &&
    table?.type === 'ObjectExpression' &&
    table.properties.every((property) => property.type === 'Property' && isReference(property.value))
  );
}
