import type { Source } from '@callfold/core';
import { rawTopic, SOURCES } from '@callfold/core';
import type { StatusTarget } from '@callfold/engine';
import { ROLES } from '@callfold/engine';
import { WrongArgument } from './command.ts';
import type { RoleName, Site } from './site.ts';

/** Which partitions of which roles a command is about. */

export type TargetOptions = {
  readonly role?: RoleName;
  readonly topic?: string;
  readonly partition?: number;
};

export type Target = StatusTarget & { readonly source: Source };

/** Role by role, topic by topic, as far as not narrowed down. @throws WrongArgument when there is no such partition */
export async function targetsOf(site: Site, { role, topic, partition }: TargetOptions): Promise<Target[]> {
  const targets: Target[] = [];
  for (const one of ROLES.filter((name) => role === undefined || name === role)) {
    for (const source of SOURCES.filter((each) => topic === undefined || rawTopic(each) === topic)) {
      const partitions = await site.partitions(rawTopic(source));
      if (partition !== undefined && partition >= partitions) {
        throw new WrongArgument(
          `${rawTopic(source)} has ${partitions} partitions: there is no partition ${partition}.`,
        );
      }
      for (let number = 0; number < partitions; number += 1) {
        if (partition !== undefined && number !== partition) continue;
        targets.push({ role: one, source, at: { topic: rawTopic(source), partition: number } });
      }
    }
  }
  return targets;
}

type SourceOptions = { readonly source?: Source; readonly partition?: number };

/** The raw partitions of a command that knows no roles, once each. */
export function sourceTargets({ source, partition }: SourceOptions): TargetOptions {
  return {
    role: 'outcomes',
    ...(source !== undefined && { topic: rawTopic(source) }),
    ...(partition !== undefined && { partition }),
  };
}

/** The options of a command line that name the same partitions. */
export function targetWords({ role, topic, partition }: TargetOptions): string[] {
  return [
    ...(role === undefined ? [] : [`--role ${role}`]),
    ...(topic === undefined ? [] : [`--topic ${topic}`]),
    ...(partition === undefined ? [] : [`--partition ${partition}`]),
  ];
}
