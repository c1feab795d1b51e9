"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.plain = exports.inCjs = void 0;
const inner_1 = require("./inner.cjs");
Object.defineProperty(exports, "inCjs", { enumerable: true, get: function () { return inner_1.inCjs; } });
exports.plain = () => 'plain';
