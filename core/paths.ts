/** Where the package's parts are, from the compiled file's place: dist/core. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's top folder. */
export const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Folder of what is built from C and C++. */
export const NATIVE = join(PACKAGE, 'build/Release');
/** The library that every traced process maps, and that tracers attach to. */
export const LIBRARY = join(NATIVE, 'libpolyprobe.so');
/** The folder of compiled providers. */
export const PROVIDERS = join(PACKAGE, 'dist/providers');
