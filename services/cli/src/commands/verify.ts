import type { Context, Exit } from '../command.ts';
import { onSite } from '../on-site.ts';
import type { VerifyOptions } from '../verify-on.ts';
import { verifyOn } from '../verify-on.ts';

/** `callfold verify`: a fresh fold of the raw log against the store and the derived topics, at rest or live. */
export function verify(options: VerifyOptions, context: Context): Promise<Exit> {
  return onSite('verify', options, context, verifyOn);
}
