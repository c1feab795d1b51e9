"use strict";
function total(items) { if (items.length === 0) throw new RangeError('no items'); return items.length; }
try { total([]); } catch (error) { console.log(error.stack.split('\n').slice(0, 3).join('\n')); }
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIm1hcHBlZC50cyJdLCJuYW1lcyI6W10sIm1hcHBpbmdzIjoiO0FBQUEsZ0RBQWdELENBQUM7QUFDakQsS0FBSyxLQUFLLENBQUMifQ==
