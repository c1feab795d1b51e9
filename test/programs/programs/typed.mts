enum Colour { Red = 1, Green }
interface Shape<T> { readonly size: T }
abstract class Base<T extends number> implements Shape<T> {
  constructor(public readonly size: T, private colour = Colour.Green) {}
  abstract area(): number;
  describe(): string { return `${this.constructor.name} ${Colour[this.colour]} ${this.area()}`; }
}
class Square extends Base<number> {
  area(): number { if (this.size < 0) throw new RangeError('negative'); return this.size ** 2; }
}
const later = async <T,>(value: T): Promise<T> => { await null; return value; };
console.log(new Square(await later(3)).describe(), String(later), Square.toString().length);
try { new Square(-1).area(); } catch (error) { console.log((error as Error).stack); }
export type { Shape };
