/** What the system has and lacks: packages, tracefs. Changes nothing itself. Called by `main.mjs`. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Package lists older than this name versions that the archive may not have any more. */
const LISTS_DAYS = 7;

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Programs of root's aren't in everybody's PATH. */
const hasCommand = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) =>
    isExecutable(join(folder, name)),
  );

/** Which system this is, by os-release(5). */
export function distribution() {
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Without the file it is no system that we know.
  }
  const field = (name) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? '';
  const ids = `${field('ID')} ${field('ID_LIKE')}`;
  return {
    title: field('PRETTY_NAME') || 'this Linux',
    ubuntu: /\bubuntu\b/.test(ids),
    apt: /\b(debian|ubuntu)\b/.test(ids) && hasCommand('apt-get'),
  };
}

/** The entries of dependencies.json that aren't there, each with the package's name on this system. */
export function missingPackages(entries) {
  const { ubuntu } = distribution();
  return entries
    .filter(({ machine }) => machine === undefined || machine === process.arch)
    .filter(({ command, file }) => (command === undefined ? !existsSync(file) : !hasCommand(command)))
    .map((entry) => ({ ...entry, name: (ubuntu && entry.ubuntu) || entry.package }));
}

/** Whether apt's package lists are missing or old. */
function listsAreOld() {
  const folder = '/var/lib/apt/lists';
  try {
    const lists = readdirSync(folder).filter((name) => /_(Packages|InRelease)/.test(name));
    const newest = Math.max(0, ...lists.map((name) => statSync(join(folder, name)).mtimeMs));
    return Date.now() - newest > LISTS_DAYS * 86_400_000;
  } catch {
    return true;
  }
}

/** How packages are installed. Lists that only look new are fetched again when the installation fails. */
export function aptCommands(names) {
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q'];
  const update = [...apt, 'update'];
  const install = [...apt, 'install', '-y', '--no-install-recommends', ...names];
  return listsAreOld() ? [{ words: update }, { words: install }] : [{ words: install, retryAfter: update }];
}

/** The command that mounts tracefs; undefined when it is mounted, or can't be. */
export function tracefsCommand() {
  const folder = '/sys/kernel/tracing';
  // Not by looking into it: only root may.
  if (/^\S+ \S+ tracefs /m.test(readFileSync('/proc/mounts', 'utf8'))) return undefined;
  if (!existsSync(folder)) return undefined;
  return { words: ['mount', '-t', 'tracefs', 'nodev', folder] };
}
