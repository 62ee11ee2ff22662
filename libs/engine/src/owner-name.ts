/** An owner's token tells people whose it is: `host:pid`, and a random text that makes it this one claim's. */

const MARK = '/';

export const ownerTokenOf = (host: string, pid: number, random: string): string => `${host}:${pid}${MARK}${random}`;

/** `host:pid` of the process that claimed it last; a token of another form as it is. */
export function ownerName(token: string): string {
  const end = token.lastIndexOf(MARK);
  return end < 0 ? token : token.slice(0, end);
}
