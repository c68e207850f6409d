"""The benchmark's peer: the same training in eager PyTorch, float32, on random data. The last line is one JSON object.

python peer.py --config '{"model": ..., "training": ..., "sites": 4}' --threads 2 --iterations 30 --warm 5
config: JSON or a file of it; model and training are those of the experiment, sites is their number.
"""
import argparse
import json
import resource
import statistics
import time
from pathlib import Path


def main():
    options = arguments()
    import torch  # after the arguments: it takes seconds

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    federation = Federation(torch, **options.config)
    seconds = []
    for t in range(options.warm + options.iterations):
        begin = time.perf_counter()
        federation.iterate(t)
        seconds.append(time.perf_counter() - begin)
    median = statistics.median(seconds[options.warm:])
    print(json.dumps({
        'iterationsPerSecond': 1 / median,
        'secondsPerIteration': median,
        'peakRssMb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        'torch': torch.__version__,
        'threads': options.threads,
    }))


class Federation:
    """One generator and a discriminator for each site, all in this process."""

    BATCHES = 4  # that the random data consist of

    def __init__(self, torch, model, training, sites):
        from networks import PatchDiscriminator, ResnetGenerator, initialise, patch_losses

        losses, g, d, image = training['losses'], model['generator'], model['discriminator'], model['image']
        refused = [name for name in ('l1', 'perceptual', 'featureMatching', 'r1') if losses[name] > 0]
        if refused or losses['adversarial'] == 'CrossEntropy':
            raise SystemExit(f'the peer trains BCE, LSGAN and Hinge alone, not {", ".join(refused) or "CrossEntropy"}')
        self.torch, self.sites, self.batch = torch, sites, training['batchSize']
        self.steps, self.averaging = training['discriminatorSteps'], training['averaging']
        self.d_loss, self.g_loss = patch_losses(losses['adversarial'])
        conditions, style = model['labels']['classes'] - 1, (g['siteCapacity'] if g['siteStyle'] else 0) + g['latentChannels']

        def adam(network, rate):
            return torch.optim.Adam(network.parameters(), lr=rate, betas=(float(optimizer['beta1']), float(optimizer['beta2'])), fused=True)

        def discriminator():
            return PatchDiscriminator(conditions + image['channels'], d['filters'], d['layers'], d['norm'], d['spectralNorm'])

        optimizer = training['optimizer']
        self.generator = initialise(ResnetGenerator(
            conditions + g['noiseChannels'], image['channels'], g['filters'], g['blocks'], style, g['maskSkip'], g['upsampling'], g['dropout']))
        self.of_generator = adam(self.generator, optimizer['learningRate'])
        self.averages = [weight.detach().clone() for weight in self.generator.parameters()] if self.averaging else []
        self.discriminators = [initialise(discriminator()) for _ in range(sites)]
        rate = optimizer.get('discriminatorLearningRate', optimizer['learningRate'])
        self.of_discriminators = [adam(network, rate) for network in self.discriminators]

        def planes(channels):
            return torch.rand(self.BATCHES, sites * self.batch, channels, training['cropSize'], training['cropSize'])

        self.conditions, self.noise = planes(conditions).round_(), planes(g['noiseChannels']) if g['noiseChannels'] else None
        self.style = torch.randn(self.BATCHES, sites * self.batch, style) if style else None
        self.reals, self.real_conditions = planes(image['channels']) * 2 - 1, planes(conditions).round_()

    def iterate(self, t):
        torch, i = self.torch, t % self.BATCHES
        conditions = self.conditions[i]
        seen = conditions if self.noise is None else torch.cat([conditions, self.noise[i]], 1)
        fakes = self.generator(seen, None if self.style is None else self.style[i])
        shown = fakes.detach()
        feedback = torch.cat([self.exchange(site, t, conditions, shown) for site in range(self.sites)])
        self.of_generator.zero_grad(set_to_none=True)
        fakes.backward(feedback)
        self.of_generator.step()
        if self.averages:
            with torch.no_grad():
                torch._foreach_lerp_(self.averages, list(self.generator.parameters()), 1 - self.averaging)

    def exchange(self, site, t, conditions, fakes):
        """The site's steps, then d(generator's loss)/d(fake) from its updated discriminator, weighed."""
        torch, network, optimizer = self.torch, self.discriminators[site], self.of_discriminators[site]
        part = slice(site * self.batch, (site + 1) * self.batch)
        condition, fake = conditions[part], fakes[part]
        for step in range(self.steps):
            i = (t + step) % self.BATCHES
            judged = network(torch.cat([self.real_conditions[i, part], condition]), torch.cat([self.reals[i, part], fake]))
            loss = self.d_loss(judged[:self.batch], judged[self.batch:])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        fake = fake.clone().requires_grad_()
        loss = self.g_loss(network(condition, fake))
        return torch.autograd.grad(loss, fake)[0] / self.sites


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--config', required=True, help='JSON, or a file of it')
    for name, value in (('threads', 2), ('iterations', 30), ('warm', 5)):
        parser.add_argument(f'--{name}', type=int, default=value)
    options = parser.parse_args()
    options.config = json.loads(options.config if options.config.lstrip().startswith('{') else Path(options.config).read_text())
    return options


main()
