// One file by several names, at the same time: modules of their own.
const modules = await Promise.all(['', '?a', '?b', '#c'].map((end) => import(`./queried.mjs${end}`)));
for (const { queried } of modules) console.log(queried());
