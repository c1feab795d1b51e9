exports.shown = Function.prototype.toString;
exports.apply = Reflect.apply;
