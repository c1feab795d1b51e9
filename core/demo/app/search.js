/** Search that forgives typing errors: the edit distance to the name of each product. The part of the shop that burns CPU. */
function editDistance(a, b) {
  let row = [];
  for (let j = 0; j <= b.length; j++) row.push(j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + change));
    }
    row = next;
  }
  return row[b.length];
}

const SHOWN = 10;

/** Puts a product among the best so far, or leaves it out. */
function keepBest(best, product, distance) {
  let place = best.length;
  while (place > 0 && best[place - 1].distance > distance) place--;
  if (place < SHOWN) best.splice(place, 0, { id: product.id, name: product.name, distance });
  if (best.length > SHOWN) best.pop();
}

export function search(query, products) {
  const wanted = query.toLowerCase().trim();
  const best = [];
  for (const product of products) keepBest(best, product, editDistance(wanted, product.name));
  return best;
}
