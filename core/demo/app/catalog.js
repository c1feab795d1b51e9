/** What the shop sells: 120 products, always the same. */
const KINDS = [
  'lamp',
  'chair',
  'kettle',
  'notebook',
  'rucksack',
  'radio',
  'bicycle bell',
  'umbrella',
  'teapot',
  'clock',
];
const COLOURS = [
  'red',
  'green',
  'blue',
  'black',
  'white',
  'walnut',
  'brass',
  'grey',
  'yellow',
  'copper',
  'ivory',
  'teal',
];

export const products = KINDS.flatMap((kind, row) =>
  COLOURS.map((colour, column) => ({
    id: row * COLOURS.length + column + 1,
    name: `${colour} ${kind}`,
    cents: 900 + ((row * 37 + column * 53) % 40) * 250,
    // Every tenth is sold out.
    stock: (row + column) % 10 === 9 ? 0 : 1000,
  })),
);

const byId = new Map(products.map((product) => [product.id, product]));

export function findProduct(id) {
  const product = byId.get(id);
  if (!product) throw new RangeError(`there is no product ${id}`);
  return product;
}
