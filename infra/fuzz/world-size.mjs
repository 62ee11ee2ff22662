// @ts-check
/** Records of one world; the next one begins anew, so that memory is bounded and a failure small. */
export const WORLD_RECORDS = 1_000;
