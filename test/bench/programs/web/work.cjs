// The application's own part of a request: what it calls a lot, whatever the framework. And the CPU time that it took so far, a
// line of JSON for each line on stdin.
class Item {
  #id;
  constructor(id) {
    this.#id = id;
  }
  get id() {
    return this.#id;
  }
  price() {
    return (this.#id * 37) % 1000;
  }
  toJSON() {
    return { id: this.id, price: this.price(), name: nameOf(this.id) };
  }
}
const nameOf = (id) => `item ${id}`;
const isCheap = (item) => item.price() < 500;
const total = (items) => items.reduce((sum, item) => sum + item.price(), 0);

async function find(first, count) {
  const items = [];
  for (let id = first; id < first + count; id++) items.push(new Item(id));
  await null;
  return items;
}

/** What is answered about `count` items. */
exports.answer = async (first, count) => {
  const items = await find(first, count);
  return { total: total(items), cheap: items.filter(isCheap).map((item) => item.id), items };
};

exports.listening = (port) => {
  console.log(JSON.stringify({ port }));
  process.stdin.on('data', () => {
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ us: user + system }));
  });
  process.stdin.on('end', () => process.exit());
};
