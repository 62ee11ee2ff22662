import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ownerTokenOf } from '@callfold/engine';

/** This process as an owner. */
export function ownerToken(): string {
  return ownerTokenOf(hostname(), process.pid, randomUUID());
}
