import cluster from 'node:cluster';
import { once } from 'node:events';
if (cluster.isPrimary) {
  for (let i = 0; i < 3; i++) {
    const worker = cluster.fork();
    const [code] = await once(worker, 'exit');
    console.log('ended', code);
  }
} else {
  const { inModule } = await import('./work.mjs');
  for (let i = 0; i < 7; i++) inModule(i);
  console.log(`pid ${process.pid}`);
  process.disconnect();
}
