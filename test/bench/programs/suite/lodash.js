const _ = require('lodash');
const people = Array.from({ length: 400 }, (_unused, i) => ({
  name: `name ${(i * 7919) % 400}`,
  age: (i * 31) % 90,
  tags: ['a', 'b', `t${i % 13}`],
  address: { city: `c${i % 17}`, zip: { code: i } },
}));
const template = _.template('<% _.forEach(people, function(p) { %><li><%- p.name %></li><% }); %>');
module.exports = () => {
  const grouped = _.groupBy(people, 'address.city');
  const sorted = _.sortBy(people, ['age', 'name']);
  const copy = _.cloneDeep(people);
  const merged = _.merge({}, ...copy.slice(0, 50));
  const names = _.chain(sorted)
    .filter((person) => person.age > 20)
    .map('name')
    .map(_.camelCase)
    .uniq()
    .value();
  const same = _.isEqual(people, copy);
  const picked = _.map(people, (person) => _.pick(person, ['name', 'address.zip.code']));
  return [_.size(grouped), merged.age, names.length, same, picked.length, template({ people: sorted }).length];
};
