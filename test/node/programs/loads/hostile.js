// An error that tells when it is looked at.
throw new Proxy(new Error(), { get() { console.log('looked at'); }, getOwnPropertyDescriptor() { console.log('looked at'); return undefined; } });
