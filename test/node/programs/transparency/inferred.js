// V8 names functions that have no name by what is around them, in the text that it compiles. In arrays and conditionals that
// may change, which the README says; never to a name of ours, and elsewhere it stays.
const line = () => new Error('here').stack.split('\n')[2];
const holder = { first: [() => line()], second: (a) => a };
console.log(holder.first[0](), (0, holder.first[0])());
exports.list = [() => line(), function () { return line(); }, () => line()];
for (const one of exports.list) console.log(one().includes('_' + '_pp_'));
console.log([() => line(), (a) => a].map((one) => one()).join('\n').includes('_' + '_pp_'));
const sites = () => {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, list) => list;
  const { stack } = new Error();
  Error.prepareStackTrace = prepareStackTrace;
  return [stack[1].getFunctionName(), stack[1].getMethodName(), stack[1].getTypeName()].join();
};
exports.sites = [() => sites(), () => sites()];
for (const one of exports.sites) console.log(one().includes('_' + '_pp_'));
