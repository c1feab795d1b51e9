/** Pages, as strings. */
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

function price(cents) {
  return `${(cents / 100).toFixed(2)} €`;
}

function renderRow(product) {
  return `<tr><td>${product.id}</td><td>${escapeHtml(product.name)}</td><td>${price(product.cents)}</td></tr>`;
}

export function renderCatalog(products) {
  return `<!doctype html><title>Shop</title><table>${products.map(renderRow).join('')}</table>`;
}
