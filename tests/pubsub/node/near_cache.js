// node-redis with its client-side cache beside a second writer: while the writer writes the cache serves reads, and when
// it has stopped no cached value is old.
// near_cache.js HOST PORT
const { createClient } = require('redis');

const [host, port] = process.argv.slice(2);
const check = (condition, what) => {
  if (!condition) throw new Error(what);
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main() {
  const socket = { host, port: Number(port) };
  const cached = createClient({ socket, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU', recordStats: true } });
  const writer = createClient({ socket });
  await Promise.all([cached.connect(), writer.connect()]);
  const keys = Array.from({ length: 50 }, (_, i) => `key:${i}`);
  let writing = true;
  const write = async () => {
    for (let i = 0; i < 3000; i++) {
      const key = keys[Math.floor(Math.random() * keys.length)];
      if (i % 7 === 0) await writer.del(key);
      else await writer.set(key, String(i));
      if (i % 20 === 0) await wait(1);
    }
    writing = false;
  };
  let reads = 0;
  const read = async () => {
    while (writing) {
      for (let i = 0; i < 20; i++) await cached.get(keys[Math.floor(Math.random() * keys.length)]);
      reads += 20;
      await wait(0);
    }
  };
  await Promise.all([write(), read(), read()]);
  const coherent = async () => {
    for (const key of keys) {
      const truth = await writer.get(key);
      for (let i = 0; i < 2; i++) {
        const seen = await cached.get(key);
        check(seen === truth, `${key} is ${truth}, the cache says ${seen}`);
      }
    }
  };
  // The last messages may still be on their way.
  const settled = async () => {
    for (let tries = 0; ; tries++) {
      await wait(100);
      try {
        return await coherent();
      } catch (error) {
        if (tries === 100) throw error;
      }
    }
  };
  const stats = cached.options.clientSideCache?.stats?.() ?? cached._self?.clientSideCache?.stats?.();
  await settled();
  // Not while reads are under way: this client keeps a reply that a flush overtakes in the same packet.
  await writer.flushAll();
  await settled();
  const asked = Number((await writer.info('commandstats')).match(/cmdstat_get:calls=(\d+)/)[1]);
  check(asked < reads, `${asked} GETs reached the server for ${reads} reads${stats ? `: ${JSON.stringify(stats)}` : ''}`);
  await Promise.all([cached.close(), writer.close()]);
  console.log('all is well');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
