import { describe, expect, it, vi } from 'vitest';
import type { LogScene } from './log-contract.ts';
import { withMember } from './log-consumers.ts';
import type { Member, MemberOptions } from './log-harness.ts';
import { message, SOON_MS } from './log-harness.ts';

const soon = { timeout: SOON_MS, interval: 20 };

const heldBy = (...members: readonly Member[]): string[] => members.flatMap((member) => [...member.held]).sort();

export function sharingTests(get: () => LogScene): void {
  describe('consumers of one group', () => {
    const everyPartition = (): string[] => [0, 1, 2].map((partition) => `${get().topic}/${partition}`);

    it('share the partitions out, each held by one', async () => {
      await withMember(get(), {}, async (a) => {
        await vi.waitFor(() => expect(heldBy(a)).toEqual(everyPartition()), soon);
        await withMember(get(), {}, async (b) => {
          await vi.waitFor(() => {
            expect(a.held.size).toBeGreaterThan(0);
            expect(b.held.size).toBeGreaterThan(0);
            expect(heldBy(a, b)).toEqual(everyPartition());
          }, soon);
        });
        await vi.waitFor(() => expect(heldBy(a)).toEqual(everyPartition()), soon);
      });
    });

    it('hand over without loss or repeat when positions are handed over', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      const positions = new Map<string, number>();
      const sent: string[] = [];
      const write = async (text: string): Promise<void> => {
        for (const partition of [0, 1, 2]) {
          await writer.append({ topic, partition }, [message(`${partition} ${text}`)]);
          sent.push(`${partition} ${text}`);
        }
      };
      const seen = (...members: readonly Member[]): string[] =>
        members.flatMap((m) => [...m.seen.values()].flat()).sort();
      await withMember(get(), { positions }, async (a) => {
        await write('one');
        await vi.waitFor(() => expect(seen(a)).toEqual([...sent].sort()), soon);
        const b = await withMember(get(), { positions }, async (joining) => {
          await vi.waitFor(() => expect(joining.held.size).toBeGreaterThan(0), soon);
          await write('two');
          await vi.waitFor(() => expect(seen(a, joining)).toEqual([...sent].sort()), soon);
          expect(seen(joining).length).toBeGreaterThan(0);
        });
        await write('three');
        await vi.waitFor(() => expect(seen(a, b)).toEqual([...sent].sort()), soon);
      });
    });

    it('wait for the old owner to have let go, and tell it by its signal', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      for (const partition of [0, 1, 2]) await writer.append({ topic, partition }, [message('a')]);
      const busy = new Set<number>();
      const overlaps: number[] = [];
      const batch: MemberOptions['batch'] = async (at, _, signal) => {
        busy.add(at.partition);
        await vi.waitFor(() => expect(signal.aborted).toBe(true), soon);
        busy.delete(at.partition);
        // Unfinished work: whoever comes next reads the same records again.
        return 0;
      };
      const assigned: MemberOptions['assigned'] = async (at) => {
        if (busy.has(at.partition)) overlaps.push(at.partition);
        return 0;
      };
      await withMember(get(), { batch }, async (a) => {
        await vi.waitFor(() => expect(busy.size).toBe(3), soon);
        await withMember(get(), { assigned }, async (b) => {
          await vi.waitFor(() => expect(b.held.size).toBeGreaterThan(0), soon);
          const gained = [...b.held];
          expect(gained.every((name) => a.events.includes(`revoked ${name}`))).toBe(true);
        });
      });
      expect(overlaps).toEqual([]);
    });

    it('keep what stays theirs: it is neither revoked nor assigned anew, and goes on where it was', async () => {
      const { topic, harness } = get();
      const writer = await harness.writer();
      const positions = new Map<string, number>();
      const texts = (member: Member, name: string): string[] => member.seen.get(name) ?? [];
      await withMember(get(), { positions }, async (a) => {
        await vi.waitFor(() => expect(heldBy(a)).toEqual(everyPartition()), soon);
        for (const partition of [0, 1, 2]) await writer.append({ topic, partition }, [message('a')]);
        await vi.waitFor(() => expect(everyPartition().flatMap((name) => texts(a, name))).toHaveLength(3), soon);
        await withMember(get(), { positions }, async (b) => {
          await vi.waitFor(() => expect(b.held.size).toBeGreaterThan(0), soon);
          await vi.waitFor(() => expect(heldBy(a, b)).toEqual(everyPartition()), soon);
          const stayed = [...a.held];
          expect(stayed.length).toBeGreaterThan(0);
          for (const partition of [0, 1, 2]) await writer.append({ topic, partition }, [message('b')]);
          await vi.waitFor(() => {
            for (const name of stayed) expect(texts(a, name)).toEqual(['a', 'b']);
            for (const name of b.held) expect(texts(b, name)).toEqual(['b']);
          }, soon);
          for (const name of stayed) {
            expect(a.events.filter((one) => one === `assigned ${name}`)).toHaveLength(1);
            expect(a.events).not.toContain(`revoked ${name}`);
          }
        });
      });
    });

    it('of different groups each get everything', async () => {
      const { topic, harness } = get();
      await (await harness.writer()).append({ topic, partition: 1 }, [message('a')]);
      const other = { ...get(), group: `${get().group}-other` };
      await withMember(get(), {}, async (a) => {
        await withMember(other, {}, async (b) => {
          await vi.waitFor(() => {
            expect(a.seen.get(`${topic}/1`)).toEqual(['a']);
            expect(b.seen.get(`${topic}/1`)).toEqual(['a']);
          }, soon);
        });
      });
    });
  });
}
