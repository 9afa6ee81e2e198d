// redis (node-redis) against a server: redis_client.js PACKAGE HOST PORT check|reconnect (see ../run.py).
'use strict';
const assert = require('assert');
const [name, host, port, mode] = process.argv.slice(2);
const {createClient} = require(name);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect(options) {
  const client = createClient({socket: {host, port: Number(port), reconnectStrategy: () => 20}, ...options});
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function check(RESP) {
  const redis = await connect({RESP, name: 'worker', database: 4});
  await redis.flushDb();
  assert.equal(await redis.clientGetName(), 'worker');
  assert.equal(await redis.set('k', Buffer.from([0, 255, 13, 10])), 'OK');
  assert.equal(await redis.strLen('k'), 4);
  assert.equal(await redis.get('missing'), null);
  assert.deepEqual(await redis.mGet(['k2', 'missing']), [null, null]);
  assert.equal(await redis.sendCommand(['SET', 'n', '1', 'EX', '100', 'NX']), 'OK');
  assert.equal(await redis.incrBy('n', 41), 42);
  assert.ok((await redis.ttl('n')) > 90);
  await redis.sendCommand(['SET', 'short', 'v', 'PX', '30']);
  await sleep(60);
  assert.equal(await redis.get('short'), null);
  assert.match(await redis.info('server'), /redis_version:7\./);
  assert.equal((await redis.configGet('maxmemory')).maxmemory, '0');
  await assert.rejects(redis.sendCommand(['NOSUCH', 'a']), /unknown command 'NOSUCH'/);
  // Commands of one turn go out as one pipeline.
  const replies = await Promise.all(Array.from({length: 10000}, (_, i) => redis.set(`key:${i}`, String(i))));
  assert.ok(replies.every((reply) => reply === 'OK'));
  const seen = new Set();
  for await (const keys of redis.scanIterator({MATCH: 'key:*', COUNT: 100})) [].concat(keys).forEach((key) => seen.add(key));
  assert.equal(seen.size, 10000);
  await killed(redis);
  await many();
  redis.destroy();
}

// A connection that CLIENT KILL ends comes back by itself, with its name and database.
async function killed(redis) {
  const control = await connect({});
  const id = await redis.clientId();
  const back = new Promise((resolve) => redis.once('ready', resolve));
  assert.equal(Number(await control.sendCommand(['CLIENT', 'KILL', 'ID', String(id)])), 1);
  await back;
  assert.notEqual(await redis.clientId(), id);
  assert.equal(await redis.clientGetName(), 'worker');
  assert.equal(await redis.get('key:7'), '7');
  control.destroy();
}

async function many() {
  const clients = await Promise.all(Array.from({length: 200}, () => connect({})));
  assert.ok((await Promise.all(clients.map((client) => client.ping()))).every((reply) => reply === 'PONG'));
  clients.forEach((client) => client.destroy());
}

async function reconnect() {
  const redis = await connect({});
  await redis.ping();
  redis.once('reconnecting', () => {
    console.log('lost');
    redis.once('ready', async () => {
      await redis.ping();
      console.log('back');
      redis.destroy();
    });
  });
  console.log('ready');
  setTimeout(() => process.exit(1), 30000).unref();
}

async function main() {
  if (mode === 'reconnect') return reconnect();
  for (const RESP of [2, 3]) await check(RESP);
  console.log(name + ': all is well');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
