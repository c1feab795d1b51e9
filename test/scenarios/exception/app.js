class OutOfStock extends Error {}
function sell(apples) {
  // Line 4 in every language.
  if (apples > 2) throw new OutOfStock('only two');
  return apples;
}
function serve(apples) {
  try {
    return sell(apples);
  } catch (error) {
    return 0;
  }
}
console.log(serve(1) + serve(3) + serve(4));
