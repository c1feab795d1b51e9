exports.deepen = async function deepen(depth) {
  if (depth === 0) throw new Error('deep enough');
  await null;
  return deepen(depth - 1);
};
