import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A way to a server on which an answer can be lost for certain: what a cut at the worst moment does by chance. */
export type LossyProxy = {
  readonly port: number;
  /** The next bytes from the server are thrown away and their connection is cut; resolves when that was done. */
  loseNextAnswer(): Promise<void>;
  close(): Promise<void>;
};

export async function openLossyProxy(serverPort: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  let lose: (() => void) | null = null;
  const proxy = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: serverPort });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      if (lose === null) {
        near.write(bytes);
        return;
      }
      lose();
      lose = null;
      near.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    loseNextAnswer: () =>
      new Promise((resolve) => {
        lose = resolve;
      }),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        proxy.close(resolve);
      });
    },
  };
}
