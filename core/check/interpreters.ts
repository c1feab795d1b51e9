/**
 * Interpreters that may have USDT probes of their own, and for each a small program that makes these fire.
 *
 * The only list of its kind. Where a language gets a provider of ours, its entry here stays: the interpreter's own probes
 * remain what people find first, and what misleads them when they are dead.
 */

/** One kind of interpreter. */
export interface Interpreter {
  /** The language's id, as in the ABI's definition where it is there. */
  readonly id: string;
  readonly title: string;
  /** Its names in PATH. */
  readonly programs: RegExp;
  /** Arguments that make it print its own path and version, on two lines: what is in PATH may be a script that starts it. */
  readonly identify: readonly string[];
  /** USDT provider of its own probes. */
  readonly provider: string;
  /**
   * Arguments of the program that makes the probes fire. It speaks the protocol of session.ts: prints `ready`, then for
   * each line of input does everything once and prints `done`, and ends with its input.
   */
  readonly exercise: readonly string[];
  /**
   * Probes that people attach without the others, and that may fire only thanks to these: tried once more by themselves.
   */
  readonly apart?: RegExp;
  /** Probes that belong to the start or the end of a program, which this can't try. */
  readonly untried?: RegExp;
  /** What to do about dead ones; the first whose pattern matches a name. */
  readonly advice: readonly { readonly probes: RegExp; readonly todo: string }[];
}

const PYTHON = `
import sys, gc
def callee(n):
    return n
print("ready", flush=True)
for request in sys.stdin:
    for n in range(3):
        callee(n)
    gc.collect()
    sys.modules.pop("colorsys", None)
    import colorsys
    sys.audit("polyprobe.check")
    print("done", flush=True)
`;

const RUBY = `
require "rbconfig"
class Callee
  def call(n) = n
end
$stdout.sync = true
puts "ready"
while $stdin.gets
  object = Callee.new
  3.times { |n| object.call(n) }
  [1, 2].map(&:to_s)
  Hash.new(object).merge!({a: object})
  Array.new(4)
  "text".dup
  begin
    raise "expected"
  rescue RuntimeError
  end
  GC.start
  $LOADED_FEATURES.reject! { |file| file.end_with?("/English.rb") }
  begin
    require "English"
    load RbConfig::CONFIG["rubylibdir"] + "/English.rb"
  rescue LoadError
  end
  :"symbol_#{rand(1_000_000_000)}"
  eval("1 + 1")
  puts "done"
end
`;

const PHP = `
class Callee { function call($n) { return $n; } static function make() { return new self; } }
function callee($n) { return $n; }
echo "ready\\n";
while (fgets(STDIN) !== false) {
  for ($n = 0; $n < 3; $n++) callee($n);
  Callee::make()->call(1);
  try { throw new RuntimeException("expected"); } catch (RuntimeException $e) {}
  trigger_error("expected", E_USER_WARNING);
  $file = tempnam(sys_get_temp_dir(), "polyprobe-check-");
  file_put_contents($file, "<?php return 1;");
  include $file;
  unlink($file);
  echo "done\\n";
}
`;

/** In the order of the report. */
export const interpreters: readonly Interpreter[] = [
  {
    id: 'python',
    title: 'Python',
    programs: /^python3(\.\d+)?$/,
    identify: ['-c', 'import sys; print(sys.executable); print(sys.version.split()[0])'],
    provider: 'python',
    exercise: ['-u', '-c', PYTHON],
    // CPython 3.11 has moved function__entry to a path that is only taken while `line` is armed (ceval.c, DO_TRACING).
    apart: /^function__/,
    advice: [
      {
        probes: /^function__/,
        todo: 'in CPython 3.11 attach python:line as well (slow: it fires for every line); 3.12 to 3.14 have no function probes at all',
      },
      { probes: /./, todo: 'use another version of Python, configured --with-dtrace' },
    ],
  },
  {
    id: 'ruby',
    title: 'Ruby',
    programs: /^ruby(\d+(\.\d+)*)?$/,
    identify: ['-rrbconfig', '-e', 'puts RbConfig.ruby, RUBY_VERSION'],
    provider: 'ruby',
    exercise: ['-e', RUBY],
    advice: [
      {
        probes: /^c?method__/,
        todo: "they fire only while a TracePoint is enabled, which makes the program some ten times slower: ruby -e 'TracePoint.new(:call, :return) {}.enable' …",
      },
      { probes: /./, todo: 'use a build in which it works (configure --enable-dtrace)' },
    ],
  },
  {
    id: 'php',
    title: 'PHP',
    programs: /^php(\d+(\.\d+)*)?$/,
    identify: ['-n', '-r', 'echo PHP_BINARY, "\\n", PHP_VERSION, "\\n";'],
    provider: 'php',
    exercise: ['-n', '-d', 'display_errors=stderr', '-r', PHP],
    untried: /^request__/,
    advice: [
      // Measured with 8.2.36: the site is in an observer of errors that is never called.
      { probes: /^error$/, todo: 'in PHP 8.2 it stays dead, even with USE_ZEND_DTRACE=1; exception__thrown fires' },
      {
        probes: /./,
        todo: 'start PHP with USE_ZEND_DTRACE=1 in its environment; it costs about 40 % on calls, tracer or not',
      },
    ],
  },
];

/** What to do about a dead probe. */
export function adviceFor({ advice }: Interpreter, probe: string): string {
  return advice.find(({ probes }) => probes.test(probe))?.todo ?? 'see the documentation of the interpreter';
}
