// Serves `/r/N`: takes a random way through steps.js, and calls `work_N` after each step; ends with what it did, by N.
// KIND, KEY and CERTIFICATE: what it is served by. Arguments: the file with work_0, work_1, …; steps of each request, or names of the steps, joined by commas.
const http = require('http');
const { AsyncResource } = require('async_hooks');
const { readFileSync } = require('fs');
const steps = require('./steps.js');
const works = require(process.argv[2]);
const [count, names] = /^\d+$/.test(process.argv[3] ?? '6') ? [Number(process.argv[3] ?? 6), Object.keys(steps)] : [0, process.argv[3].split(',')];

const hits = {};
const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
let backPort;

function back(n) {
  try {
    throw new Error(`back ${n}`);
  } catch {
    return String(n);
  }
}

const answers = http.createServer((request, response) => {
  const n = request.url.split('/')[2];
  setImmediate(() => response.end(back(n)));
});

const callBack = (n, hit) =>
  new Promise((resolve, reject) => {
    http
      .get({ port: backPort, host: '127.0.0.1', path: `/back/${n}`, agent }, (response) => {
        hit();
        response.on('data', () => hit()).on('end', () => (hit(), resolve()));
      })
      .on('error', reject);
  });

// Runs things in nobody's context, but soon.
const nobody = new AsyncResource('NOBODY');
const outside = (callback) => setImmediate(() => nobody.runInAsyncScope(callback));

const kinds = {
  http: http.createServer,
  https: (answer) => require('https').createServer({ key: readFileSync(process.env.KEY), cert: readFileSync(process.env.CERTIFICATE) }, answer),
  http2: (answer) => require('http2').createServer(answer),
};
const server = kinds[process.env.KIND ?? 'http']((request, response) => {
  const n = Number(request.url.split('/')[2]);
  hits[n] = 0;
  const work = works[n];
  const hit = () => {
    hits[n]++;
    work(n);
  };
  hit();
  const body = new Promise((resolve) => {
    if (request.method === 'POST') request.on('data', () => hit());
    else request.resume();
    request.on('end', () => (hit(), resolve()));
  });
  serve(n, hit, body).then(
    () => {
      response.on('finish', () => hit());
      response.end(`${n}`);
    },
    (error) => {
      console.log(`failed ${n} ${error.stack}`);
      response.destroy();
    },
  );
});

async function serve(n, hit, body) {
  let seed = (n + 1) * 2654435761;
  const random = (below) => {
    seed = (Math.imul(seed ^ (seed >>> 15), 2246822519) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (const name of count ? Array.from({ length: count }, () => names[random(names.length)]) : names) {
    await steps[name](hit, n, outside);
    hit();
  }
  await callBack(n, hit);
  hit();
  try {
    works.fail(n);
  } catch {
    hit();
  }
  await body;
}

answers.listen(0, '127.0.0.1', () => {
  backPort = answers.address().port;
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
});
process.stdin.once('data', () => {
  console.log(`hits ${JSON.stringify(hits)}`);
  agent.destroy();
  for (const each of [server, answers]) {
    each.close();
    each.closeAllConnections?.();
  }
  process.stdin.destroy();
});
