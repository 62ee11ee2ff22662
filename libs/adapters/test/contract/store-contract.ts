import { afterAll, beforeAll, describe } from 'vitest';
import type { Store } from '@callfold/engine';
import { claimTests } from './store-claims.ts';
import { commitTests } from './store-commits.ts';
import { contentTests } from './store-contents.ts';
import { feedTests } from './store-feed.ts';
import { handleTests } from './store-handles.ts';
import type { MakeStore, StoreFeatures, StoreHarness } from './store-harness.ts';
import { modelTests } from './store-model.ts';
import { sizeTests } from './store-sizes.ts';

/** What every `Store` of ports.ts promises. Each test takes a partition of its own, so one harness serves them all. */
export function storeContract(name: string, make: MakeStore, features: StoreFeatures): void {
  describe(`${name}: store`, () => {
    let harness: StoreHarness | undefined;
    let opened: Store | undefined;
    beforeAll(async () => {
      harness = await make();
      opened = await harness.open();
    });
    afterAll(async () => harness?.close());
    const store = (): Store => {
      if (opened === undefined) throw new Error('the harness did not open a store');
      return opened;
    };

    claimTests(store);
    commitTests(store);
    contentTests(store);
    feedTests(store);
    sizeTests(store);
    modelTests(store);
  });
  // These open and close handles, so they have a harness of their own.
  handleTests(name, make, features);
}
