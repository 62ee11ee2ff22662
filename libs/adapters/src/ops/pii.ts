import { createHmac } from 'node:crypto';
import type { Disguise } from '@callfold/core';
import { createDisguise } from '@callfold/sources';

/** Of HMAC-SHA-256, the first 128 bits: 22 characters of base64url. */
const HASH_BYTES = 16;
const FINGERPRINT_BYTES = 6;
/** Shorter keys can be guessed by whoever knows one id. */
export const PII_KEY_LEAST = 32;

function keyedHash(key: string, text: string, bytes: number): string {
  return createHmac('sha256', key).update(text).digest().subarray(0, bytes).toString('base64url');
}

/** The fingerprint is a hash of another domain than any value's, and is kept in checkpoints beside the settings. */
export function piiDisguise(key: string): Disguise {
  const fingerprint = keyedHash(key, 'fingerprint', FINGERPRINT_BYTES);
  return createDisguise(fingerprint, (text) => keyedHash(key, text, HASH_BYTES));
}
