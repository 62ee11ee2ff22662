// @ts-check
/**
 * Asks a broker for its metadata over a plain socket (Metadata request, version 1, no topics), so that readiness needs
 * no client.
 * Source: https://kafka.apache.org/protocol#The_Messages_Metadata
 */

import { connect } from 'node:net';
import { HOST } from './ports.mjs';

const METADATA = 3;
const VERSION = 1;
const WAIT_MS = 2_000;

function request() {
  const client = Buffer.from('callfold-probe');
  const body = Buffer.alloc(14 + client.length);
  body.writeInt16BE(METADATA, 0);
  body.writeInt16BE(VERSION, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(client.length, 8);
  client.copy(body, 10);
  body.writeInt32BE(0, 10 + client.length);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** @param {Buffer} answer without its size */
function brokersIn(answer) {
  let at = 4;
  const int32 = () => answer.readInt32BE((at += 4) - 4);
  const string = () => {
    const length = answer.readInt16BE((at += 2) - 2);
    if (length > 0) at += length;
  };
  const count = int32();
  const ids = Array.from({ length: count }, () => {
    const id = int32();
    string();
    int32();
    string();
    return id;
  });
  return { ids, controller: int32() };
}

/**
 * @param {number} port
 * @returns {Promise<{ ids: number[], controller: number }>} ids of the live brokers; controller -1: none yet
 */
export function askBrokers(port) {
  return new Promise((done, fail) => {
    const socket = connect({ host: HOST, port });
    /** @type {Buffer[]} */
    const chunks = [];
    socket.setTimeout(WAIT_MS, () => socket.destroy(new Error(`broker at ${HOST}:${port} is silent`)));
    socket.once('error', fail);
    socket.once('close', () => fail(new Error(`broker at ${HOST}:${port} closed the connection`)));
    socket.once('connect', () => socket.write(request()));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 4 || all.length < 4 + all.readInt32BE(0)) return;
      done(brokersIn(all.subarray(4)));
      socket.destroy();
    });
  });
}
