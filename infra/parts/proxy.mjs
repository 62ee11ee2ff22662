// @ts-check
/**
 * A way to a server on which everything can go wrong that goes wrong between machines: cut, slow, half-open, an answer
 * lost at the worst moment. Of any protocol; each connection here is one there. Shapes and promises: index.d.mts.
 */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createLane } from './proxy-lane.mjs';
import { freePorts, HOST } from './ports.mjs';

/** @typedef {import('./index.mjs').ProxyState} ProxyState */

/** @type {ProxyState} */
const NORMAL = { toServer: 'pass', toClient: 'pass', latencyMs: 0, bytesPerSecond: Infinity };

/**
 * @typedef {object} Line
 * @property {import('node:net').Socket} near
 * @property {boolean} isBroken was there while bytes were swallowed
 * @property {ReturnType<typeof createLane>[]} lanes
 * @property {() => void} cut
 */

/** @type {typeof import('./index.mjs').startProxy} */
export async function startProxy({ to, port: wanted }) {
  const port = wanted ?? (await freePorts(1))[0] ?? 0;
  let state = NORMAL;
  let target = to;
  /** @type {(() => void) | null} */
  let lost = null;
  /** @type {Set<Line>} */
  const lines = new Set();

  const isHalfOpen = () => state.toServer === 'swallow' || state.toClient === 'swallow';

  /** @param {Line} line */
  function loseAnswer(line) {
    if (lost === null) return false;
    lost();
    lost = null;
    line.cut();
    return true;
  }

  /** @param {import('node:net').Socket} near */
  function accept(near) {
    const far = connect({ host: HOST, port: target, allowHalfOpen: true, noDelay: true });
    near.setNoDelay(true);
    const toServer = createLane(near, far, () => ({ ...state, way: state.toServer }));
    const toClient = createLane(
      far,
      near,
      () => ({ ...state, way: state.toClient }),
      () => loseAnswer(line),
    );
    const line = {
      near,
      isBroken: isHalfOpen(),
      lanes: [toServer, toClient],
      cut() {
        lines.delete(line);
        for (const lane of line.lanes) lane.close();
        // RST, so that the other side learns at once that this is no orderly end.
        near.resetAndDestroy();
        far.resetAndDestroy();
      },
    };
    lines.add(line);
    near.on('error', () => {
      toClient.close();
      toServer.end();
    });
    far.on('error', () => {
      if (state.toClient === 'pass') line.cut();
      else toClient.end();
    });
    for (const socket of [near, far]) {
      socket.on('close', () => {
        if (near.destroyed && far.destroyed) lines.delete(line);
      });
    }
  }

  const server = createServer({ allowHalfOpen: true }, accept);
  const open = async () => {
    if (server.listening) return;
    server.listen({ host: HOST, port });
    await once(server, 'listening');
  };
  await open();

  const cut = () => {
    for (const line of lines) line.cut();
  };
  const refuse = async () => {
    if (server.listening) server.close();
    cut();
  };
  return {
    port,
    where: `${HOST}:${port}`,
    get connections() {
      return lines.size;
    },
    set(change) {
      state = { ...state, ...change };
      for (const line of lines) {
        line.isBroken ||= isHalfOpen();
        for (const lane of line.lanes) lane.changed();
      }
    },
    async normal() {
      state = NORMAL;
      for (const line of lines) {
        if (line.isBroken) line.cut();
        else for (const lane of line.lanes) lane.changed();
      }
      await open();
    },
    lead(other) {
      target = other;
    },
    cut,
    end() {
      for (const { near } of lines) near.end();
    },
    refuse,
    loseNextAnswer: () =>
      new Promise((done) => {
        lost = done;
      }),
    close: refuse,
  };
}
