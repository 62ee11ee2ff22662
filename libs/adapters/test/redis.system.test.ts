import { createRedisGenerations } from '../src/index.ts';
import { generationsContract } from './contract/generations-contract.ts';
import { storeContract } from './contract/store-contract.ts';
import { openRedis, SPACE } from './redis-server.ts';

storeContract(
  'redis',
  async () => {
    const redis = await openRedis('redis-contract', { appendonly: 'yes', appendfsync: 'always' });
    return {
      open: async () => redis.store(),
      async reopen() {
        await redis.restart();
        return redis.store();
      },
      close: () => redis.close(),
    };
  },
  { durable: true, multiProcess: true },
);

generationsContract('redis', async () => {
  const redis = await openRedis('redis-generations');
  return {
    book: createRedisGenerations({ ...SPACE, client: redis.plain }),
    store: (generation) => redis.store({ generation }),
    close: () => redis.close(),
  };
});
