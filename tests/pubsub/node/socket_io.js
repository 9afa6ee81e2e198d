// Socket.IO servers in two processes, joined by the Redis adapter: what one emits reaches the clients of both.
// socket_io.js HOST PORT           runs the test
// socket_io.js HOST PORT server    is one of the two processes
const { fork } = require('node:child_process');
const http = require('node:http');
const { createClient } = require('redis');
const { Server } = require('socket.io');
const { createAdapter, createShardedAdapter } = require('@socket.io/redis-adapter');
const { io: connect } = require('socket.io-client');

const [host, port, role, kind] = process.argv.slice(2);
const check = (condition, what) => {
  if (!condition) throw new Error(what);
};

async function serve() {
  const publisher = createClient({ socket: { host, port: Number(port) } });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const web = http.createServer();
  const make = kind === 'sharded' ? createShardedAdapter : createAdapter;
  const io = new Server(web, { adapter: make(publisher, subscriber) });
  io.on('connection', (socket) => {
    socket.on('join', (room, done) => {
      socket.join(room);
      done();
    });
    socket.on('say', (room, text) => io.to(room).emit('said', text));
    socket.on('count', async (done) => done((await io.fetchSockets()).length));
    socket.on('shout', (text) => socket.broadcast.emit('shouted', text));
  });
  web.listen(0, '127.0.0.1', () => process.send(web.address().port));
}

function startServer(kind) {
  return new Promise((resolve, reject) => {
    const child = fork(__filename, [host, port, 'server', kind]);
    child.once('message', (webPort) => resolve({ child, webPort }));
    child.once('exit', () => reject(new Error('a Socket.IO process ended')));
  });
}

async function run(kind) {
  const servers = await Promise.all([startServer(kind), startServer(kind)]);
  const clients = [];
  try {
    for (let i = 0; i < 6; i++) {
      const socket = connect(`http://127.0.0.1:${servers[i % 2].webPort}`, { transports: ['websocket'] });
      await new Promise((resolve) => socket.on('connect', resolve));
      clients.push(socket);
    }
    const said = clients.map((socket) => {
      const texts = [];
      socket.on('said', (text) => texts.push(text));
      socket.on('shouted', (text) => texts.push(text));
      return texts;
    });
    for (const socket of clients.slice(0, 4)) await new Promise((resolve) => socket.emit('join', 'room', resolve));
    // The processes learn of each other by messages: the first ones may come before that.
    for (let tries = 0; ; tries++) {
      const count = await new Promise((resolve) => clients[0].timeout(3000).emit('count', (error, n) => resolve(error ? 0 : n)));
      if (count === 6) break;
      check(tries < 20, `${kind}: fetchSockets found ${count} sockets in both processes`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (let i = 0; i < 200; i++) clients[i % 2].emit('say', 'room', `${i % 2}:${i}`);
    clients[5].emit('shout', 'all');
    const due = [201, 201, 201, 201, 1, 0];
    for (let tries = 0; said.some((texts, i) => texts.length < due[i]); tries++) {
      check(tries < 600, `${kind}: received ${said.map((texts) => texts.length)} where ${due} are due`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    said.forEach((texts, i) => check(texts.length === due[i], `${kind}: client ${i} received ${texts.length} messages`));
    for (const from of ['0:', '1:']) {
      const numbers = said[2].filter((text) => text.startsWith(from)).map((text) => Number(text.slice(2)));
      check(numbers.every((n, i) => i === 0 || n > numbers[i - 1]), `${kind}: messages of one process are out of order`);
    }
  } finally {
    clients.forEach((socket) => socket.disconnect());
    servers.forEach(({ child }) => {
      child.removeAllListeners('exit');
      child.kill();
    });
  }
}

async function main() {
  await run('plain');
  await run('sharded');
  console.log('all is well');
  process.exit(0);
}

(role === 'server' ? serve() : main()).catch((error) => {
  console.error(error);
  process.exit(1);
});
