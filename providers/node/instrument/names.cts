/**
 * What functions are called, and which names a pattern binds.
 *
 * Owns: the rules by which JavaScript infers a function's name, extended to assigned members, where
 * the language itself leaves the name empty. Called by: `parse.cts`.
 */
import type { AnyNode, Expression, PrivateIdentifier } from 'acorn';

export const ANONYMOUS = '<anonymous>';

/** Code outside of functions. */
export const MODULE = '<module>';

/** Computed keys are shown as written, unless they are longer than this or span lines. */
const MAX_COMPUTED = 40;

/** An expression without the parentheses around it; naming looks through them, and so must we. */
export function peel(node: AnyNode): AnyNode {
  let inner = node;
  while (inner.type === 'ParenthesizedExpression') inner = inner.expression;
  return inner;
}

/** Whether an expression is a function or class without a name, which an assignment would give it. */
export function isUnnamed(node: AnyNode): boolean {
  const inner = peel(node);
  if (inner.type === 'ArrowFunctionExpression') return true;
  return (inner.type === 'FunctionExpression' || inner.type === 'ClassExpression') && !inner.id;
}

/** The name that a property's, method's or field's key gives to its function. */
export function keyName(source: string, key: Expression | PrivateIdentifier, computed: boolean): string {
  if (computed) {
    const text = source.slice(key.start, key.end);
    return text.length > MAX_COMPUTED || /[\r\n\u2028\u2029]/.test(text) ? '[…]' : `[${text}]`;
  }
  if (key.type === 'Identifier') return key.name;
  if (key.type === 'PrivateIdentifier') return '#' + key.name;
  return key.type === 'Literal' ? String(key.value) : ANONYMOUS;
}

/** The name that an assignment gives to an anonymous function on its right; '' for none. */
export function targetName(source: string, target: AnyNode): string {
  const inner = peel(target);
  if (inner.type === 'Identifier') return inner.name;
  if (inner.type !== 'MemberExpression') return '';
  if (!inner.computed || inner.property.type === 'Literal') return keyName(source, inner.property, false);
  return keyName(source, inner.property, true);
}

/** Calls `found` with each name that a declaration's or parameter's pattern binds. */
export function boundNames(pattern: AnyNode | null | undefined, found: (name: string) => void): void {
  if (!pattern) return;
  switch (pattern.type) {
    case 'Identifier':
      found(pattern.name);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties)
        boundNames(property.type === 'RestElement' ? property.argument : property.value, found);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) boundNames(element, found);
      break;
    case 'AssignmentPattern':
      boundNames(pattern.left, found);
      break;
    case 'RestElement':
      boundNames(pattern.argument, found);
      break;
    default:
  }
}
