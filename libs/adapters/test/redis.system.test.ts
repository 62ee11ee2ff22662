import { storeContract } from './contract/store-contract.ts';
import { openRedis } from './redis-server.ts';

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
