// Parses, binds, checks and prints one file of its own library's declarations and a program that uses them.
const ts = require('typescript');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const file = join(__dirname, '../../../../core/tracer/session.ts');
const host = ts.createCompilerHost({});
const kept = new Map();
const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, strict: true, types: [], noResolve: true };
module.exports = () => {
  const program = ts.createProgram([file], options, {
    ...host,
    getSourceFile(name, version) {
      // The library is parsed once, our file anew each time.
      if (name === file) return ts.createSourceFile(name, readFileSync(name, 'utf8'), version, true);
      if (!kept.has(name)) kept.set(name, host.getSourceFile(name, version));
      return kept.get(name);
    },
    writeFile() {},
  });
  program.emit();
  return program.getSemanticDiagnostics(program.getSourceFile(file)).length;
};
