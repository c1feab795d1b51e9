/** ESLint: typescript-eslint's strict, type-checked rules; what is changed says why. Layout is prettier's. */
import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What plain JavaScript files may use without an import. */
const NODE = Object.fromEntries(
  ['Buffer', 'clearInterval', 'clearTimeout', 'console', 'fetch', 'performance', 'process', 'setImmediate']
    .concat(['setInterval', 'setTimeout', 'structuredClone', 'TextDecoder', 'TextEncoder', 'URL'])
    .map((name) => [name, 'readonly']),
);

export default defineConfig(
  // The programs that tests run are specimens: oddities are what they are for.
  { ignores: ['dist/', 'build/', '.tap/', '**/*.gen.*', 'test/*/programs/', 'test/scenarios/**/*.js'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: NODE },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  {
    files: ['**/*.ts', '**/*.cts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An index that is in range, or a stream that was asked for: the compiler can't know (noUncheckedIndexedAccess).
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      // `return report(…)` ends a function that has no value, as everywhere here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Process environments have any key: env['NAME'] says so.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/no-dynamic-delete': 'off',
      // An environment variable that is '' counts as unset.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // Records of functions, as readers and runtimes are, have no `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An interface may want a promise from who has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' }],
    },
  },
  {
    // CommonJS: modules that start-up shouldn't pay for are loaded where they are first needed.
    files: ['**/*.cts'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // tap waits for its subtests.
      '@typescript-eslint/no-floating-promises': 'off',
      // What a program printed is parsed and then compared: a wrong shape fails the test.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  prettier,
);
