exports.inPreload = function inPreload() { return 'preload'; };
globalThis.preloaded = exports.inPreload();
