interface Item { readonly price: number }
enum Kind { One = 1, Two }
function total(items: readonly Item[]): number {
  if (items.length === 0) throw new RangeError('no items');
  return items.reduce((sum: number, item): number => sum + item.price, 0);
}
console.log(total([{ price: 1 }, { price: 2 }]), Kind.Two, String(total).includes('reduce'));
try { total([]); } catch (error) { console.log((error as Error).stack!.split('\n')[1]); }
