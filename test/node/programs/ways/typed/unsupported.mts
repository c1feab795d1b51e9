enum Fruit { Apple }
console.log(Fruit.Apple);
