/** Orders: checked, priced, and on disk before the customer is told. */
import { open } from 'node:fs/promises';
import { findProduct } from './catalog.js';

const KEPT = 50;

export class OrderError extends Error {
  name = 'OrderError';
}

function checkLine({ id, quantity }) {
  const product = findProduct(id);
  if (!Number.isInteger(quantity) || quantity < 1) throw new OrderError(`quantity of ${product.name}: ${quantity}`);
  if (product.stock < quantity) throw new OrderError(`${product.name} is sold out`);
  return { product, quantity };
}

function priceOf(lines) {
  let total = 0;
  for (const { product, quantity } of lines) total += product.cents * quantity;
  return total > 10_000 ? Math.round(total * 0.95) : total;
}

export class OrderBook {
  #file;
  #recent = [];
  #next = 1;

  static async open(path) {
    const book = new OrderBook();
    book.#file = await open(path, 'a');
    return book;
  }

  async place({ customer, lines }) {
    const checked = lines.map(checkLine);
    const order = { number: this.#next++, customer, at: Date.now(), cents: priceOf(checked), lines };
    await this.#write(order);
    this.#recent.push(order);
    if (this.#recent.length > KEPT) this.#recent.shift();
    return order;
  }

  async #write(order) {
    await this.#file.appendFile(`${JSON.stringify(order)}\n`);
    await this.#file.sync();
  }

  recent() {
    return this.#recent;
  }

  close() {
    return this.#file.close();
  }
}
