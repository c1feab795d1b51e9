/**
 * host: the program's own global objects, where the provider means them and not its own (realm.cts).
 */

/** A parameter of every module in the provider's realm. */
declare const polyprobeHost: typeof globalThis | undefined;

/** The program's global object. */
export const host = typeof polyprobeHost === 'undefined' ? globalThis : polyprobeHost;

/** The program's `Error`, as it was before the program. */
export const HostError = host.Error;
