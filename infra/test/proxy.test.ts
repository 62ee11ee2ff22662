/** The proxy in front of an echo: what it promises of cuts, slow lines, half-open ones and lost answers. */

import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Proxy } from '../parts/index.mjs';
import { freePorts, startProxy } from '../parts/index.mjs';

const soon = { timeout: 20_000, interval: 10 };
const HOST = '127.0.0.1';

let server: Server;
let proxy: Proxy;
let atServer = '';
const clients: Client[] = [];

type Client = { readonly socket: Socket; readonly got: () => string; readonly ended: () => string | null };

beforeEach(async () => {
  atServer = '';
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      atServer += String(bytes);
      socket.write(bytes);
    });
  });
  const [port = 0] = await freePorts(1);
  server.listen(port, HOST);
  await once(server, 'listening');
  proxy = await startProxy({ to: port });
});
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  server.close();
});

async function open(): Promise<Client> {
  const socket = connect({ host: HOST, port: proxy.port });
  let got = '';
  let ended: string | null = null;
  socket.on('data', (bytes) => {
    got += String(bytes);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? error.message;
  });
  socket.on('end', () => {
    ended ??= 'end';
  });
  const client = { socket, got: () => got, ended: () => ended };
  clients.push(client);
  await new Promise((done) => {
    socket.once('connect', done).once('close', done);
  });
  return client;
}

async function said(client: Client, text: string): Promise<void> {
  client.socket.write(text);
  await vi.waitFor(() => expect(client.got()).toContain(text), soon);
}

test('passes everything on, both ways, more than any buffer holds', async () => {
  const client = await open();
  client.socket.write('x'.repeat(8_000_000));
  await vi.waitFor(() => expect(client.got().length).toBe(8_000_000), soon);
  client.socket.end();
  await vi.waitFor(() => expect(proxy.connections).toBe(0), soon);
});

test('a cut is a reset, and new connections are taken', async () => {
  const client = await open();
  await said(client, 'a');
  proxy.cut();
  await vi.waitFor(() => expect(client.ended()).toBe('ECONNRESET'), soon);
  await said(await open(), 'b');
});

test('an orderly end is an end', async () => {
  const client = await open();
  await said(client, 'a');
  proxy.end();
  await vi.waitFor(() => expect(client.ended()).toBe('end'), soon);
  await vi.waitFor(() => expect(proxy.connections).toBe(0), soon);
});

test('as a server that is down it refuses, until it is normal', async () => {
  await proxy.refuse();
  expect((await open()).ended()).toBe('ECONNREFUSED');
  await proxy.normal();
  await said(await open(), 'a');
});

test('a server that is away is a reset', async () => {
  const [nobody = 0] = await freePorts(1);
  proxy.lead(nobody);
  const client = await open();
  await vi.waitFor(() => expect(client.ended()).toBe('ECONNRESET'), soon);
});

test('what is held arrives when the line is whole again, though the sender has gone', async () => {
  const client = await open();
  await said(client, 'a');
  proxy.set({ toServer: 'hold' });
  client.socket.write('late');
  await vi.waitFor(() => expect(client.socket.bytesWritten).toBe(5), soon);
  client.socket.destroy();
  const other = await open();
  other.socket.write('b');
  expect(atServer).toBe('a');
  await proxy.normal();
  await vi.waitFor(() => expect(atServer).toMatch(/^a(lateb|blate)$/), soon);
  await vi.waitFor(() => expect(proxy.connections).toBe(1), soon);
});

test('half-open one way: the server has everything, the client hears nothing, and is cut when it is over', async () => {
  const client = await open();
  await said(client, 'a');
  proxy.set({ toClient: 'swallow' });
  client.socket.write('b');
  await vi.waitFor(() => expect(atServer).toBe('ab'), soon);
  expect([client.got(), client.ended()]).toEqual(['a', null]);
  await proxy.normal();
  await vi.waitFor(() => expect(client.ended()).toBe('ECONNRESET'), soon);
  expect(client.got()).toBe('a');
});

test('half-open both ways: new connections are taken, and nothing comes of them', async () => {
  proxy.set({ toServer: 'swallow', toClient: 'swallow' });
  const client = await open();
  await vi.waitFor(() => expect(proxy.connections).toBe(1), soon);
  client.socket.write('lost');
  client.socket.end();
  await proxy.normal();
  await vi.waitFor(() => expect(proxy.connections).toBe(0), soon);
  expect([atServer, client.got()]).toEqual(['', '']);
});

test('a slow line takes its time, keeps the order, and loses nothing', async () => {
  proxy.set({ latencyMs: 50, bytesPerSecond: 100_000 });
  const client = await open();
  const text = Array.from({ length: 10_000 }, (_, i) => String(i)).join(' ');
  const begun = performance.now();
  client.socket.write(text);
  await vi.waitFor(() => expect(client.got()).toBe(text), soon);
  expect(performance.now() - begun).toBeGreaterThan(2 * 50 + (text.length / 100_000) * 1_000 - 5);
});

test('an answer is lost for certain, and the one after it is not', async () => {
  const client = await open();
  await said(client, 'a');
  const lost = proxy.loseNextAnswer();
  client.socket.write('b');
  await lost;
  await vi.waitFor(() => expect(client.socket.closed).toBe(true), soon);
  expect([atServer, client.got()]).toEqual(['ab', 'a']);
  await said(await open(), 'c');
});
