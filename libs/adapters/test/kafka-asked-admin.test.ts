import { describe, expect, it } from 'vitest';
import { createAskedAdmin } from '../src/kafka/admin.ts';
import type { Admin } from '../src/kafka/client.ts';

/** Connections that are counted; the first `failing` cannot be made. */
function connections(failing = 0) {
  const count = { opened: 0, closed: 0 };
  const admin = (): Admin => {
    const never = () => Promise.reject(new Error('is not asked here'));
    const asked = { describe: never, create: never, grow: never, setConfig: never, remove: never };
    return {
      ...asked,
      members: async () => count.opened,
      clusterId: async () => 'a cluster',
      close: async () => void (count.closed += 1),
    };
  };
  const open = async (): Promise<Admin> => {
    count.opened += 1;
    if (count.opened <= failing) throw new Error('the broker is away');
    return admin();
  };
  return { count, asked: createAskedAdmin(open) };
}

const members = (admin: Admin): Promise<number> => admin.members('a group');

describe('questions to the cluster', () => {
  it('share one connection, which is made for the first of them', async () => {
    const { count, asked } = connections();
    expect(count.opened).toBe(0);
    expect(await Promise.all([asked.ask(members), asked.ask(members)])).toEqual([1, 1]);
    expect(await asked.ask((admin) => admin.clusterId())).toBe('a cluster');
    expect(count).toEqual({ opened: 1, closed: 0 });
    await asked.close();
    expect(count).toEqual({ opened: 1, closed: 1 });
  });

  it('make another connection when one could not be made, or failed', async () => {
    const { count, asked } = connections(1);
    await expect(asked.ask(members)).rejects.toThrow('the broker is away');
    expect(await asked.ask(members)).toBe(2);
    await expect(asked.ask(() => Promise.reject(new Error('not in time')))).rejects.toThrow('not in time');
    expect(count).toEqual({ opened: 2, closed: 1 });
    expect(await asked.ask(members)).toBe(3);
  });

  it('need no connection to be closed', async () => {
    const { count, asked } = connections();
    await asked.close();
    expect(count).toEqual({ opened: 0, closed: 0 });
  });
});
