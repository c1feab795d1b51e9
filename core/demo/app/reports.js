/** What was sold, by customer and by product. Makes many short-lived objects, as reports do. */
function addTo(sums, name, quantity) {
  const { quantity: before = 0, orders = 0 } = sums[name] ?? {};
  return { ...sums, [name]: { quantity: before + quantity, orders: orders + 1 } };
}

function sumLines(sums, order, nameOf) {
  for (const line of order.lines) sums = addTo(sums, nameOf(order, line), line.quantity);
  return sums;
}

const customerOf = (order) => order.customer;
const productOf = (order, line) => String(line.id);

export function dailyReport(orders) {
  let [cents, customers, products] = [0, {}, {}];
  for (const order of orders) {
    cents += order.cents;
    customers = sumLines(customers, order, customerOf);
    products = sumLines(products, order, productOf);
  }
  return { orders: orders.length, cents, customers, products };
}
