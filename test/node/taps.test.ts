/** Nothing is in the program's way while nobody traces, and nothing of it to be seen while somebody does. */
import t from 'tap';
import { until } from '../harness/trace.js';
import { Isolated } from './isolated.js';
import { Scenes, Traffic } from './traffic.js';

interface State {
  /** Properties of Node's and undici's classes that are otherwise than at first. */
  readonly changed: string[];
  /** Channels that somebody listens to. */
  readonly channels: string[];
}

const isolated = new Isolated(t);
const NOTHING: State = { changed: [], channels: [] };

/** Hooks in JavaScript go out a turn after the sites are as they were. */
async function untouched(scenes: Scenes): Promise<State> {
  let state = await scenes.run<State>('state');
  await until('the hooks to be out', async () => {
    state = await scenes.run<State>('state');
    return state.changed.length === 0 && state.channels.length === 0;
  });
  return state;
}

t.test('what looks on goes in with a tracer and out with it', async (t) => {
  const scenes = await Scenes.start(t, isolated, 'untouched.js');
  t.same(await scenes.run<State>('state'), NOTHING, 'before');
  for (const time of ['first', 'second']) {
    const traffic = await Traffic.attach(t, isolated, scenes);
    const { changed, channels } = await scenes.run<State>('state');
    t.same(
      changed.filter(
        (name) =>
          !/^(?:ClientHttp2|ServerHttp2|Http2|net|http)[\w. ]*\.(?:emit|request|push|_send|_destroy|detachSocket)$/.test(
            name,
          ),
      ),
      [],
    );
    for (const name of [
      'http.ServerResponse.emit',
      'http.ClientRequest._send',
      'http.IncomingMessage.push',
      'net.Server.emit',
    ])
      t.ok(changed.includes(name), `${name}, the ${time} time`);
    t.ok(channels.length > 5, channels.join());
    // undici's class of requests is tapped when it's first seen; three objects are looked at by themselves.
    t.same(await scenes.run('pending'), ['0 push', '2 emit', '2 _write', '2 _writev']);
    await traffic.detach(isolated);
    t.same(await untouched(scenes), NOTHING, `after the ${time}`);
    t.same(await scenes.run('left'), [], 'nor on anything that was open');
  }
  t.equal(await scenes.end(), '');
});

t.test('a program sees neither listeners, nor frames, nor properties that would not be there', async (t) => {
  const plain = await Scenes.start(t, isolated, 'untouched.js', isolated.plainEnv());
  const seen = await plain.run('seen');
  await plain.end();
  const traffic = await Traffic.start(t, isolated, 'untouched.js');
  const { known, requests } = await traffic.scene('seen');
  t.equal(requests.length, 2, 'which are traced');
  t.same(known, seen);
  t.equal(await traffic.end(), '');
});
