import type { Finding } from './problem.ts';
import type { ExperimentSpec } from './schema.ts';

/** What must hold between fields. Each rule is one function; all are told at once. */
export function brokenRules(spec: ExperimentSpec): Finding[] {
  return RULES.flatMap((rule) => rule(spec));
}

type Rule = (spec: ExperimentSpec) => Finding[];

const RULES: readonly Rule[] = [
  instancesHaveThreeClasses,
  cropsFitTheImage,
  imagesFitTheSegmenter,
  cropsFitTheDiscriminator,
  crossEntropyIsForSegmentation,
  perceptualNeedsWeights,
  perceptualFitsItsNetwork,
  siteNamesAreUnique,
  siteCodesReach,
  quorumsAreReachable,
  gatesNeedScores,
  checkpointHasOneVolume,
  onlySitesAreExcluded,
];

function instancesHaveThreeClasses({ model: { labels } }: ExperimentSpec): Finding[] {
  if (labels.kind !== 'Instances' || labels.classes === 3) return [];
  return finding(
    'spec.model.labels.classes',
    `is ${labels.classes}; Instances have 3 classes: background, interior, boundary (kind: Classes takes any number)`,
  );
}

function cropsFitTheImage({ model, training, release: { evaluate } }: ExperimentSpec): Finding[] {
  const { size } = model.image;
  const tooLarge = (crop: number) => `is ${crop}, more than the ${size} pixels of spec.model.image.size`;
  return [
    ...(training.cropSize > size ? finding('spec.training.cropSize', tooLarge(training.cropSize)) : []),
    ...(evaluate.enabled && evaluate.cropSize > size ? finding('spec.release.evaluate.cropSize', tooLarge(evaluate.cropSize)) : []),
  ];
}

/** The U-Net halves whole images three times. */
function imagesFitTheSegmenter({ model: { image }, release: { evaluate } }: ExperimentSpec): Finding[] {
  if (!evaluate.enabled || image.size % 8 === 0) return [];
  return finding(
    'spec.model.image.size',
    `is ${image.size}; the U-Net of spec.release.evaluate needs a multiple of 8 (or set its enabled to false)`,
  );
}

/** PatchGAN ends in two 4x4 convolutions of stride 1, each of which takes a pixel away; the segmentation network halves and doubles exactly. */
function cropsFitTheDiscriminator({ model: { discriminator }, training: { cropSize } }: ExperimentSpec): Finding[] {
  const scale = 2 ** discriminator.layers;
  const layers = `${discriminator.layers} layers`;
  if (discriminator.architecture === 'Segmentation' && cropSize % scale !== 0) {
    return finding('spec.training.cropSize', `is ${cropSize}; a Segmentation discriminator of ${layers} needs a multiple of ${scale}`);
  }
  if (discriminator.architecture === 'PatchGAN' && cropSize < 3 * scale) {
    return finding('spec.training.cropSize', `is ${cropSize}; a PatchGAN discriminator of ${layers} needs at least ${3 * scale}`);
  }
  return [];
}

function crossEntropyIsForSegmentation({ model: { discriminator }, training: { losses } }: ExperimentSpec): Finding[] {
  const segmentation = discriminator.architecture === 'Segmentation';
  if (segmentation === (losses.adversarial === 'CrossEntropy')) return [];
  const needed = segmentation ? 'CrossEntropy' : 'BCE, LSGAN or Hinge';
  return finding(
    'spec.training.losses.adversarial',
    `is ${losses.adversarial}; a ${discriminator.architecture} discriminator needs ${needed}`,
  );
}

function perceptualNeedsWeights({ training: { losses } }: ExperimentSpec): Finding[] {
  if (losses.perceptual === 0 || losses.perceptualWeights !== undefined) return [];
  return finding(
    'spec.training.losses.perceptualWeights',
    `is missing; with perceptual ${losses.perceptual}, name a file of VGG16 weights here`,
  );
}

/** VGG16 sees colour, and halves the crop three times. */
function perceptualFitsItsNetwork({ model: { image }, training: { losses, cropSize } }: ExperimentSpec): Finding[] {
  if (losses.perceptual === 0) return [];
  return [
    ...(image.channels === 1 || image.channels === 3
      ? []
      : finding('spec.model.image.channels', `is ${image.channels}; the perceptual term needs 1 or 3`)),
    ...(cropSize % 8 === 0 ? [] : finding('spec.training.cropSize', `is ${cropSize}; the perceptual term needs a multiple of 8`)),
  ];
}

function siteNamesAreUnique({ sites }: ExperimentSpec): Finding[] {
  const names = sites.map(({ name }) => name);
  return names.flatMap((name, i) => {
    const first = names.indexOf(name);
    return first === i
      ? []
      : [{ path: ['spec', 'sites', i, 'name'], message: `is "${name}", the name of sites[${first}]; give each site its own` }];
  });
}

function siteCodesReach({ model: { generator }, sites }: ExperimentSpec): Finding[] {
  if (!generator.siteStyle || generator.siteCapacity >= sites.length) return [];
  return finding('spec.model.generator.siteCapacity', `is ${generator.siteCapacity}, but spec.sites lists ${sites.length}`);
}

function quorumsAreReachable({ training: { schedule }, membership, sites }: ExperimentSpec): Finding[] {
  const tooMany = (count: number) => `is ${count}, but spec.sites lists ${sites.length}`;
  return [
    ...(membership.minSites > sites.length ? finding('spec.membership.minSites', tooMany(membership.minSites)) : []),
    ...((schedule.quorum ?? 1) > sites.length ? finding('spec.training.schedule.quorum', tooMany(schedule.quorum ?? 1)) : []),
  ];
}

function gatesNeedScores({ release: { evaluate, gates } }: ExperimentSpec): Finding[] {
  const set = Object.keys(gates ?? {});
  if (evaluate.enabled || set.length === 0) return [];
  return finding(
    'spec.release.gates',
    `sets ${set.join(', ')}, but nothing is scored; set spec.release.evaluate.enabled to true or remove the gates`,
  );
}

function checkpointHasOneVolume({ generator: { checkpoint } }: ExperimentSpec): Finding[] {
  if (checkpoint === undefined || (checkpoint.claimName === undefined) !== (checkpoint.size === undefined)) return [];
  return finding('spec.generator.checkpoint', 'needs one of claimName (an existing claim) and size (of a new one)');
}

function onlySitesAreExcluded({ failurePolicy: { rules } }: ExperimentSpec): Finding[] {
  return rules.flatMap(({ role, action }, i) =>
    role === 'Generator' && action === 'ExcludeSite'
      ? [{ path: ['spec', 'failurePolicy', 'rules', i, 'action'], message: 'is ExcludeSite, which fits the role Discriminator only' }]
      : [],
  );
}

function finding(path: string, message: string): Finding[] {
  return [{ path: path.split('.'), message }];
}
