/** The sockets that the client of this process opens, to hold answers back and to cut lines. */

import net from 'node:net';

export type Sockets = {
  /** Forgets those of before: what is opened from now on is meant. */
  fresh(): void;
  /** Bytes that come are not read any more. */
  hold(): void;
  /** As a line that breaks. */
  cut(): void;
  restore(): void;
};

/** kafkajs takes `net.connect` anew for every socket. */
export function watchSockets(): Sockets {
  const { connect } = net;
  const sockets = new Set<net.Socket>();
  net.connect = ((...args: Parameters<typeof connect>) => {
    const socket = connect(...args);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  }) as typeof connect;
  return {
    fresh: () => sockets.clear(),
    hold() {
      for (const socket of sockets) socket.pause();
    },
    cut() {
      for (const socket of sockets) socket.destroy(Object.assign(new Error('cut by the test'), { code: 'ECONNRESET' }));
    },
    restore() {
      net.connect = connect;
    },
  };
}
