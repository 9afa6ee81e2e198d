// ioredis against a server: ioredis_client.js PACKAGE HOST PORT check|reconnect (see ../run.py).
'use strict';
const assert = require('assert');
const [name, host, port, mode] = process.argv.slice(2);
const Redis = require(name);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function check() {
  const redis = new Redis({host, port: Number(port), db: 4, connectionName: 'worker'});
  await redis.flushdb();
  assert.equal(await redis.client('GETNAME'), 'worker');
  assert.equal(await redis.set('k', Buffer.from([0, 255, 13, 10])), 'OK');
  assert.deepEqual(await redis.getBuffer('k'), Buffer.from([0, 255, 13, 10]));
  assert.equal(await redis.get('missing'), null);
  assert.deepEqual(await redis.mget('k2', 'missing'), [null, null]);
  assert.equal(await redis.set('n', 1, 'EX', 100, 'NX'), 'OK');
  assert.equal(await redis.set('n', 2, 'NX'), null);
  assert.equal(await redis.incrby('n', 41), 42);
  assert.ok((await redis.ttl('n')) > 90);
  await redis.set('short', 'v', 'PX', 30);
  await sleep(60);
  assert.equal(await redis.get('short'), null);
  assert.match(await redis.info('server'), /redis_version:7\./);
  assert.ok(String(await redis.config('GET', 'maxmemory')).includes('0') || (await redis.config('GET', 'maxmemory')).maxmemory === '0');
  await assert.rejects(redis.call('NOSUCH', 'a'), /unknown command 'NOSUCH'/);
  const pipeline = redis.pipeline();
  for (let i = 0; i < 10000; i++) pipeline.set(`key:${i}`, i);
  assert.ok((await pipeline.exec()).every(([error, reply]) => error === null && reply === 'OK'));
  const seen = new Set();
  for await (const keys of redis.scanStream({match: 'key:*', count: 100})) keys.forEach((key) => seen.add(key));
  assert.equal(seen.size, 10000);
  await killed(redis);
  await many();
  redis.disconnect();
  console.log(name + ': all is well');
}

// A connection that CLIENT KILL ends comes back by itself, with its name and database.
async function killed(redis) {
  const control = new Redis({host, port: Number(port)});
  const id = await redis.client('ID');
  assert.equal(await control.client('KILL', 'ID', id), 1);
  for (let i = 0; i < 200 && (await redis.client('ID')) === id; i++) await sleep(10);
  assert.notEqual(await redis.client('ID'), id);
  assert.equal(await redis.client('GETNAME'), 'worker');
  assert.equal(await redis.get('key:7'), '7');
  control.disconnect();
}

async function many() {
  const clients = Array.from({length: 200}, () => new Redis({host, port: Number(port)}));
  assert.ok((await Promise.all(clients.map((client) => client.ping()))).every((reply) => reply === 'PONG'));
  clients.forEach((client) => client.disconnect());
}

async function reconnect() {
  const redis = new Redis({host, port: Number(port), retryStrategy: () => 20, maxRetriesPerRequest: null});
  redis.on('error', () => {});
  await redis.ping();
  redis.once('close', () => {
    console.log('lost');
    redis.once('ready', async () => {
      await redis.ping();
      console.log('back');
      redis.disconnect();
    });
  });
  console.log('ready');
  setTimeout(() => process.exit(1), 30000).unref();
}

(mode === 'check' ? check() : reconnect()).catch((error) => {
  console.error(error);
  process.exit(1);
});
