// V8 names functions that have no name by what is around them, in the text that it compiles.
const line = () => new Error('here').stack.split('\n')[2];
exports.list = [() => line(), function () { return line(); }, () => line()];
for (const one of exports.list) console.log(one());
console.log([() => line(), (a) => a].map((one) => one()).join('\n'));
const holder = { first: [() => line()], second: (a) => a };
console.log(holder.first[0](), (0, holder.first[0])());
const sites = () => {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, list) => list;
  const { stack } = new Error();
  Error.prepareStackTrace = prepareStackTrace;
  return [stack[1].getFunctionName(), stack[1].getMethodName(), stack[1].getTypeName()].join();
};
exports.sites = [() => sites(), () => sites()];
for (const one of exports.sites) console.log(one());
