import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DiscriminatorTrainer } from '#discriminator';
import { GeneratorTrainer } from '#generator';
import { configureNative, loadNative } from '#nn';
import { aFederation, aRecoverableExperiment, assertSameWeights } from './a-federation.ts';

configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
const native = loadNative();

const SITES = ['north', 'south'];
const EXPERIMENT = aRecoverableExperiment(SITES, {}, { iterations: 10 });

/** The real networks of the experiment; those of killed parties are closed at the end of the test. */
function networks(t: TestContext) {
  const { model, training } = EXPERIMENT.spec;
  const closing = <T extends { close(): void }>(trainer: T): T => {
    t.after(() => trainer.close());
    return trainer;
  };
  return {
    generator: () => closing(new GeneratorTrainer(native, { model, training, batchSize: SITES.length })),
    discriminator: (site: string) =>
      closing(
        new DiscriminatorTrainer(native, {
          model,
          training,
          batchSize: 1,
          conditionChannels: 2,
          seed: site.length + site.codePointAt(0)!,
          perceptualWeights: null,
        }),
      ),
  };
}

test('Exact - real networks, too, end in the same weights when a site and the hub are killed', async (t) => {
  const undisturbed = await aFederation(t, EXPERIMENT, networks(t));
  await undisturbed.startAll();
  const federation = await aFederation(t, EXPERIMENT, networks(t));
  void federation.startAll().catch(() => {});
  await federation.reaches(4);
  await federation.killSite('north');
  void federation.startSite('north');
  await federation.hears('rolled-back');
  await federation.reaches(7);
  await federation.killHub();
  assert.equal(await federation.startHub(), 10);
  for (const party of ['hub', ...SITES]) assertSameWeights(await federation.weights(party), await undisturbed.weights(party));
});
