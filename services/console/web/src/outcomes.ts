/** The last ended calls by what became of them, asked for again when figures have changed. */

export type Ended = {
  readonly outcomeId: string;
  readonly callId: string;
  readonly source: string;
  readonly outcome: string;
  readonly reason: string;
  readonly stage: string | null;
  readonly voicemailLeft: boolean | null;
  readonly fault: string | null;
  readonly inferred: boolean;
  readonly waitMs: number | null;
  readonly endedAt: string | null;
  readonly occurredAt: string;
};

/** @returns null where it was not answered: what was shown before stays */
async function recordsOf(query: string, headers: Readonly<Record<string, string>>): Promise<readonly Ended[] | null> {
  try {
    const answer = await fetch(`/v1/outcomes?kind=call-outcome&${query}`, { headers });
    if (!answer.ok) return null;
    return ((await answer.json()) as { records: Ended[] }).records;
  } catch {
    return null;
  }
}

export type EndedBy = { abandoned: readonly Ended[]; voicemail: readonly Ended[]; failed: readonly Ended[] };

const endOf = ({ endedAt, occurredAt }: Ended): string => endedAt ?? occurredAt;

const LIMIT = 50;
const MOST = 1_000;

/** @returns null where not all of it was answered */
export async function readEnded(tenant: string | null, key: string | null, from: string): Promise<EndedBy | null> {
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const of = tenant === null ? '' : `&tenant=${encodeURIComponent(tenant)}`;
  const [abandoned, voicemail, failed, unconnected] = await Promise.all([
    recordsOf(`outcome=abandoned&limit=${LIMIT}${of}`, headers),
    recordsOf(`outcome=voicemail&limit=${LIMIT}${of}`, headers),
    recordsOf(`outcome=failed&source=atlas&limit=${MOST}${of}`, headers),
    recordsOf(`outcome=not-connected&source=atlas&limit=${MOST}${of}`, headers),
  ]);
  if (!abandoned || !voicemail || !failed || !unconnected) return null;
  const latestFirst = (all: readonly Ended[]): Ended[] => [...all].sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1));
  return {
    abandoned: latestFirst(abandoned),
    voicemail: latestFirst(voicemail),
    failed: [...failed, ...unconnected].filter((one) => endOf(one) >= from),
  };
}
