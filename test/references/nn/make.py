"""Reference numbers of PyTorch (float64, stored as float32) for services/nn: networks, losses, Adam, a whole training.

Where PyTorch itself in float32 is further than LIMIT / 3 from its float64 numbers, 'tolerance/KEY' holds three times that distance.

Weights and inputs are not stored: both sides compute them from their names (`formula`, formula.ts).
Run from the repository's root with a Python that has torch: python test/references/nn/make.py
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / 'bench'))
from networks import PatchDiscriminator, ResnetGenerator, SegmentationDiscriminator, patch_losses  # noqa: E402

LIMIT = 1e-5
torch.set_num_threads(1)


# --- the formula: values of a tensor from its name ---------------------------------------------------------------------------------

def formula(name, shape, scale=1.0, offset=0.0):
    """offset + scale * u, u in [-1, 1) from a hash of name and index; rounded to float32. Row-major, our layout."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    with np.errstate(over='ignore'):
        h = np.uint32(seed) + np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(0x9E3779B1)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        h = h ^ (h >> np.uint32(16))
    values = (offset + scale * (h.astype(np.float64) / 2**31 - 1)).astype(np.float32)
    return torch.from_numpy(values).to(torch.get_default_dtype()).reshape(shape)


def start(name, shape):
    """First value of the weight with our name."""
    kind = name.split('/')[-1]
    if kind == 'weight':
        return formula(name, shape, scale=np.sqrt(6 * shape[-1] / np.prod(shape)))
    scale, offset = {'gain': (0.3, 1), 'variance': (0.3, 1), 'u': (1, 0), 'style-gain': (0.2, 0), 'style-bias': (0.2, 0)}.get(kind, (0.1, 0))
    return formula(name, shape, scale, offset)


def ours(name, tensor):
    """A parameter of PyTorch's [out, in, k, k] or [in, out, k, k] (transposed) in our layout [k, k, ., .]; vectors u are rows."""
    if tensor.dim() == 4:
        return tensor.permute(2, 3, 1, 0)
    return tensor[None] if name.endswith('/u') else tensor


def our_name(name, prefix):
    name = name.replace('weight_orig', 'weight').replace('weight_u', 'u').replace('.', '/')
    return f'{prefix}/{name}'


def weights(module, prefix, only_trained=True):
    """{our name: PyTorch's tensor}"""
    named = dict(module.named_parameters())
    if not only_trained:
        named |= {name: buffer for name, buffer in module.named_buffers() if name.endswith(('weight_u', 'mean', 'variance'))}
    return {our_name(name, prefix): tensor for name, tensor in named.items()}


def load(module, prefix):
    with torch.no_grad():
        for name, tensor in weights(module, prefix, only_trained=False).items():
            target = ours(name, tensor)
            target.copy_(start(name, tuple(target.shape)))
    return module


def image(name, shape, scale=1.0):
    """Ours [n, h, w, c] -> PyTorch's [n, c, h, w]."""
    return formula(name, shape, scale).permute(0, 3, 1, 2).contiguous()


def nhwc(tensor):
    return tensor.detach().permute(0, 2, 3, 1)


def derivatives(loss, module, prefix, label='gradient'):
    named = weights(module, prefix)
    slopes = torch.autograd.grad(loss, list(named.values()), retain_graph=True)
    return {f'{label}/{name}': ours(name, slope) for name, slope in zip(named, slopes)}


def both_precisions(make):
    torch.set_default_dtype(torch.float32)
    single = make()
    torch.set_default_dtype(torch.float64)
    # What is 0 but for rounding (the bias of a layer whose mean a norm takes away) is stored as 0.
    exact = {key: value if value.norm() > 1e-10 else torch.zeros_like(value) for key, value in make().items()}
    errors = {key: float(((single[key].double() - value).norm() / (value.norm() or 1)).detach()) for key, value in exact.items()}
    return exact | {f'tolerance/{key}': torch.tensor(3 * error) for key, error in errors.items() if 3 * error > LIMIT}


def save(name, tensors):
    """A .safetensors file."""
    data, header = b'', {}
    for key, tensor in tensors.items():
        values = np.ascontiguousarray(tensor.detach().numpy(), dtype='<f4')
        header[key] = {'dtype': 'F32', 'shape': list(values.shape), 'data_offsets': [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header, separators=(',', ':')).encode()
    (HERE / f'{name}.safetensors').write_bytes(struct.pack('<Q', len(text)) + text + data)


# --- networks -----------------------------------------------------------------------------------------------------------------------

def generators():
    out = {}
    for case, options in {'paper': {}, 'styled': {'style_length': 5, 'mask_skip': True, 'upsampling': 'Nearest'}}.items():
        inputs = 4 if case == 'styled' else 3
        net = load(ResnetGenerator(inputs, 3, 2, 2, **options), case)
        conditions = image(f'{case}/conditions', (2, 16, 12, inputs)).requires_grad_()
        style = formula(f'{case}/style', (2, 5)).requires_grad_() if case == 'styled' else None
        made = net(conditions, style)
        loss = (made * image(f'{case}/gradient', (2, 16, 12, 3))).sum()
        out |= {f'{case}/image': nhwc(made), f'gradient/{case}/conditions': nhwc(torch.autograd.grad(loss, conditions, retain_graph=True)[0])}
        out |= derivatives(loss, net, case)
        if case == 'styled':
            out['gradient/styled/style'] = torch.autograd.grad(loss, style)[0]
    return out


def patch_discriminators():
    """Loss on real and fake, R1 and WGAN-GP, each with its gradient by the weights. Real and fake are judged in one pass: one power iteration."""
    out = {}
    d_loss, g_loss = patch_losses('BCE')
    for case, options in {'plain': {}, 'instance': {'norm': 'Instance'}, 'spectral': {'spectral_norm': True}, 'both': {'norm': 'Instance', 'spectral_norm': True}}.items():
        def fresh():
            return load(PatchDiscriminator(5, 2, 3, **options), case).train()
        conditions, images = image(f'{case}/conditions', (4, 32, 24, 2)), image(f'{case}/images', (4, 32, 24, 3)).requires_grad_()
        net = fresh()
        logits = net(conditions, images)
        loss = d_loss(logits[:2], logits[2:])
        out |= {f'{case}/logits': nhwc(logits), f'{case}/loss': loss, f'gradient/{case}/images': nhwc(torch.autograd.grad(g_loss(logits[2:]), images, retain_graph=True)[0][2:])}
        out |= derivatives(loss, net, case)
        if 'spectral_norm' in options:
            out |= {f'after/{name}': ours(name, tensor) for name, tensor in weights(net, case, only_trained=False).items() if name.endswith('/u')}
        for label, penalty in {'r1': lambda slope: 0.5 * slope.square().sum((1, 2, 3)).mean(), 'wgan-gp': lambda slope: ((slope.square().sum((1, 2, 3))).sqrt() - 1).square().mean()}.items():
            net = fresh()
            slope = torch.autograd.grad(net(conditions, images).sum(), images, create_graph=True)[0]
            value = penalty(slope)
            named = {name: tensor for name, tensor in weights(net, case).items() if name != f'{case}/patch/bias'}
            slopes = torch.autograd.grad(value, list(named.values()), allow_unused=True)
            out[f'{case}/{label}'] = value
            out |= {f'{label}/{name}': ours(name, slope) for name, slope in zip(named, slopes) if slope is not None and slope.abs().max() > 0}
    return out


def segmentation_discriminator():
    net = load(SegmentationDiscriminator(3, 2, 2, 3, spectral_norm=True), 'segmentation').train()
    images = image('segmentation/images', (4, 16, 12, 3)).requires_grad_()
    logits = net(None, images)
    truth, rates = classes_of('segmentation/classes', (2, 16, 12), 3), torch.tensor([0.5, 2.0, 8.0, 1.0])
    fake = torch.full((2, 16, 12), 3)
    loss = F.cross_entropy(logits[:2], truth, weight=rates) + F.cross_entropy(logits[2:], fake)
    slope = torch.autograd.grad(loss, images, retain_graph=True)[0]
    return {'logits': nhwc(logits), 'loss': loss, 'gradient/images': nhwc(slope)} | derivatives(loss, net, 'segmentation')


class Unet(nn.Module):
    """services/nn/networks/unet.ts with PyTorch's BatchNorm2d and its running statistics."""

    def __init__(self, inputs, filters, classes):
        super().__init__()
        widths = [filters * 2**i for i in range(4)]
        for i, width in enumerate(widths):
            self.add_module(f'down{i}', self.double(inputs if i == 0 else widths[i - 1], width))
        for i in reversed(range(3)):
            self.add_module(f'up{i}', self.double(widths[i + 1] + widths[i], widths[i]))
        self.classes = nn.Conv2d(filters, classes, 1)

    @staticmethod
    def double(inputs, width):
        pair = nn.Module()
        for name, count in (('conv1', inputs), ('conv2', width)):
            layer = nn.Conv2d(count, width, 3, padding=1, bias=False)
            layer.norm = nn.BatchNorm2d(width)
            pair.add_module(name, layer)
        return pair

    def forward(self, x):
        def double(name, x):
            pair = self.get_submodule(name)
            for layer in (pair.conv1, pair.conv2):
                x = F.relu(layer.norm(layer(x)))
            return x
        skips = [double('down0', x)]
        for i in range(1, 4):
            skips.append(double(f'down{i}', F.max_pool2d(skips[-1], 2)))
        x = skips[3]
        for i in reversed(range(3)):
            x = double(f'up{i}', torch.cat([F.interpolate(x, scale_factor=2, mode='nearest'), skips[i]], 1))
        return self.classes(x)


def unet():
    net = Unet(1, 2, 3)
    renames = {'norm.weight': 'norm.gain', 'running_mean': 'mean', 'running_var': 'variance'}
    state = {}
    for name, tensor in net.state_dict().items():
        if 'num_batches' in name:
            continue
        shown = name
        for old, new in renames.items():
            shown = shown.replace(old, new)
        state[our_name(shown, 'unet')] = tensor
    with torch.no_grad():
        for name, tensor in state.items():
            target = ours(name, tensor)
            target.copy_(start(name, tuple(target.shape)))
    trained = {name: tensor for name, tensor in net.named_parameters()}
    images = [image(f'unet/images{i}', (2, 16, 24, 1)) for i in range(2)]
    truth = classes_of('unet/classes', (2, 16, 24), 3)
    out = {}
    net.train()
    for i in range(2):
        logits = net(images[i])
        if i == 0:
            loss = F.cross_entropy(logits, truth)
            slopes = torch.autograd.grad(loss, list(trained.values()), retain_graph=True)
            for name, slope in zip(trained, slopes):
                key = our_name(name.replace('norm.weight', 'norm.gain'), 'unet')
                out[f'gradient/{key}'] = ours(key, slope)
            out |= {'train/logits': nhwc(logits), 'train/loss': loss}
    out |= {f'after/{name}': tensor for name, tensor in state.items() if name.endswith(('/mean', '/variance'))}
    net.eval()
    out['eval/logits'] = nhwc(net(images[0]))
    return out


def classes_of(name, shape, count):
    """Whole numbers 0..count-1."""
    return ((formula(name, shape) + 1) / 2 * count).floor().clamp(max=count - 1).long()


def perceptual():
    """torchvision's VGG16 layers up to relu4_3, narrow; taps after relu1_2, relu2_2, relu3_3, relu4_3."""
    widths = {0: 2, 2: 3, 5: 4, 7: 4, 10: 5, 12: 5, 14: 6, 17: 6, 19: 7, 21: 7}
    mean, deviation = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]

    def features(x):
        x, channels, taps = ((x + 1) / 2 - mean) / deviation, 3, []
        for layer, width in widths.items():
            if layer in (5, 10, 17):
                taps.append(x)
                x = F.max_pool2d(x, 2)
            weight = formula(f'features.{layer}.weight', (width, channels, 3, 3), (6 / (9 * channels)) ** 0.5)
            x, channels = F.relu(F.conv2d(x, weight, formula(f'features.{layer}.bias', (width,), 0.1), padding=1)), width
        return [*taps, x]

    out = {}
    for channels in (1, 3):
        a, b = (image(f'perceptual/{channels}/{name}', (2, 16, 24, channels)).requires_grad_() for name in 'ab')
        loss = sum(F.mse_loss(x, y) for x, y in zip(features(a.expand(2, 3, 16, 24)), features(b.expand(2, 3, 16, 24)))) / 4
        out |= {f'{channels}/loss': loss, f'{channels}/gradient': nhwc(torch.autograd.grad(loss, a)[0])}
    return out


# --- losses and the optimiser -------------------------------------------------------------------------------------------------------

def losses():
    out = {}
    real, fake = (image(f'losses/{name}', (2, 3, 4, 1), 2.5).requires_grad_() for name in ('real', 'fake'))
    for kind in ('BCE', 'LSGAN', 'Hinge'):
        d_loss, g_loss = patch_losses(kind)
        of_d, of_g = d_loss(real, fake), g_loss(fake)
        by_real, by_fake = torch.autograd.grad(of_d, (real, fake))
        out |= {f'{kind}/discriminator': of_d, f'{kind}/by-real': nhwc(by_real), f'{kind}/by-fake': nhwc(by_fake)}
        out |= {f'{kind}/generator': of_g, f'{kind}/generator-by-fake': nhwc(torch.autograd.grad(of_g, fake)[0])}
    logits = image('losses/logits', (2, 3, 4, 5), 3).requires_grad_()
    truth = classes_of('losses/classes', (2, 3, 4), 5)
    for label, rates in {'equal': None, 'weighted': torch.tensor([0.25, 1.0, 8.0, 2.0, 0.5])}.items():
        value = F.cross_entropy(logits, truth, weight=rates)
        out |= {f'cross-entropy/{label}': value, f'cross-entropy/{label}/by-logits': nhwc(torch.autograd.grad(value, logits)[0])}
    out['l1'] = F.l1_loss(real, fake)
    return out


def adam():
    """Five steps on given gradients, one of them zero, some tiny. A high rate, so that float32 weights show the updates."""
    out = {}
    for label, betas in {'beta1-0': (0.0, 0.99), 'beta1-half': (0.5, 0.999)}.items():
        weight = nn.Parameter(formula('adam/weight', (40,)).clone())
        optimizer = torch.optim.Adam([weight], lr=0.05, betas=betas)
        for step in range(5):
            weight.grad = formula(f'adam/gradient{step}', (40,)) * 10.0 ** -(torch.arange(40) % 7) * (torch.arange(40) > 0)
            for group in optimizer.param_groups:
                group['lr'] = 0.05 * (1 - step / 10)
            optimizer.step()
            state = optimizer.state[weight]
            out |= {f'{label}/{step}/update': weight - formula('adam/weight', (40,)), f'{label}/{step}/moment1': state['exp_avg'].clone(), f'{label}/{step}/moment2': state['exp_avg_sq'].clone()}
    return out


# --- a whole training: two sites, two iterations ------------------------------------------------------------------------------------

def training():
    out = {}
    for case, settings in {
        'paper': dict(loss='BCE', betas=(0.5, 0.999), norm='Instance', spectral_norm=False, style_length=0, mask_skip=False, upsampling='Transposed'),
        'demo': dict(loss='Hinge', betas=(0.0, 0.99), norm='None', spectral_norm=True, style_length=6, mask_skip=True, upsampling='Nearest'),
    }.items():
        rate, sites, batch, size = 0.005, 2, 2, 32
        d_loss, g_loss = patch_losses(settings['loss'])
        inputs = 2 + (1 if settings['style_length'] else 0)
        generator = load(ResnetGenerator(inputs, 3, 4, 1, settings['style_length'], settings['mask_skip'], settings['upsampling']), 'generator')
        discriminators = [load(PatchDiscriminator(5, 2, 3, settings['norm'], settings['spectral_norm']), 'discriminator').train() for _ in range(sites)]
        of_g = torch.optim.Adam(generator.parameters(), lr=rate, betas=settings['betas'])
        of_d = [torch.optim.Adam(site.parameters(), lr=rate, betas=settings['betas']) for site in discriminators]
        for t in range(2):
            conditions = image(f'{t}/conditions', (sites * batch, size, size, 2))
            seen = torch.cat([conditions, image(f'{t}/noise', (sites * batch, size, size, 1))], 1) if inputs == 3 else conditions
            style = formula(f'{t}/style', (sites * batch, settings['style_length'])) if settings['style_length'] else None
            fakes = generator(seen, style)
            feedback = torch.zeros_like(fakes)
            for s, net in enumerate(discriminators):
                part = slice(s * batch, (s + 1) * batch)
                fake = fakes[part].detach().requires_grad_()
                real, shown = image(f'{t}/{s}/real', (batch, size, size, 3)), image(f'{t}/{s}/real-conditions', (batch, size, size, 2))
                logits = net(torch.cat([shown, conditions[part]]), torch.cat([real, fake.detach()]))
                loss = d_loss(logits[:batch], logits[batch:])
                of_d[s].zero_grad()
                loss.backward()
                of_d[s].step()
                of_generator = g_loss(net(conditions[part], fake))
                feedback[part] = torch.autograd.grad(of_generator, fake)[0] / sites
                out |= {f'{case}/{t}/{s}/discriminator': loss, f'{case}/{t}/{s}/generator': of_generator}
            of_g.zero_grad()
            fakes.backward(feedback)
            of_g.step()
        parties = {'generator': (generator, of_g, 'generator')} | {f'site{s}': (discriminators[s], of_d[s], 'discriminator') for s in range(sites)}
        for party, (net, optimizer, prefix) in parties.items():
            for name, tensor in weights(net, prefix).items():
                now, state = ours(name, tensor), optimizer.state[tensor]
                if state['exp_avg'].norm() < 1e-12:
                    continue  # no influence on the loss: Adam makes steps of rounding errors
                out[f'{case}/{party}/update/{name}'] = now - start(name, tuple(now.shape))
                out[f'{case}/{party}/moment1/{name}'], out[f'{case}/{party}/moment2/{name}'] = ours(name, state['exp_avg']), ours(name, state['exp_avg_sq'])
    return out


for make in (generators, patch_discriminators, segmentation_discriminator, unet, perceptual, losses, adam, training):
    save(make.__name__.replace('_', '-'), both_precisions(make))
