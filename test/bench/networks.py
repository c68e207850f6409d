"""Our networks in PyTorch: the peer of the benchmark and the source of the reference numbers. Images are [n, c, h, w] here.

Names of parameters are ours with '.' for '/', so that weights are portable (see test/references/nn/make.py).
"""
import torch
import torch.nn.functional as F
from torch import nn


class InstanceNorm(nn.Module):
    """With a style [n, s], FiLM: a linear map of it shifts gain and bias of each sample."""

    def __init__(self, channels, style_length=0):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        if style_length:
            for part in ('style-gain', 'style-bias'):
                self.register_parameter(part, nn.Parameter(0.05 * torch.randn(style_length, channels)))

    def forward(self, x, style=None):
        if style is None:
            return F.instance_norm(x, weight=self.gain, bias=self.bias)
        gain = torch.addmm(self.gain, style, self.get_parameter('style-gain'))[:, :, None, None]
        bias = torch.addmm(self.bias, style, self.get_parameter('style-bias'))[:, :, None, None]
        return torch.addcmul(bias, F.instance_norm(x), gain)


def normed(layer, style_length=0):
    """A convolution without bias that is followed by a norm; the norm's names lie below the convolution's."""
    layer.norm = InstanceNorm(layer.out_channels, style_length)
    return layer


class Residual(nn.Module):
    def __init__(self, channels, style_length, dropout):
        super().__init__()
        self.dropout = dropout
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode='reflect', bias=False)
        self.norm1 = InstanceNorm(channels, style_length)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode='reflect', bias=False)
        self.norm2 = InstanceNorm(channels, style_length)

    def forward(self, x, style):
        y = F.relu(self.norm1(self.conv1(x), style))
        y = F.dropout(y, self.dropout, self.training) if self.dropout else y
        return x + self.norm2(self.conv2(y), style)


class ResnetGenerator(nn.Module):
    """Johnson 2016, as in pix2pix and AsynDGAN."""

    def __init__(self, inputs, channels, filters, blocks, style_length=0, mask_skip=False, upsampling='Transposed', dropout=0):
        super().__init__()
        f, self.mask_skip, self.nearest = filters, mask_skip, upsampling == 'Nearest'
        self.stem = normed(nn.Conv2d(inputs, f, 7, padding=3, padding_mode='reflect', bias=False), style_length)
        self.down1 = normed(nn.Conv2d(f, 2 * f, 3, stride=2, padding=1, bias=False), style_length)
        self.down2 = normed(nn.Conv2d(2 * f, 4 * f, 3, stride=2, padding=1, bias=False), style_length)
        self.blocks = blocks
        for i in range(blocks):
            self.add_module(f'block{i}', Residual(4 * f, style_length, dropout))
        self.up1 = normed(self.up(4 * f, 2 * f), style_length)
        self.up2 = normed(self.up(2 * f, f), style_length)
        self.image = nn.Conv2d(f + (inputs if mask_skip else 0), channels, 7, padding=3, padding_mode='reflect')

    def up(self, inputs, filters):
        if self.nearest:
            return nn.Conv2d(inputs, filters, 3, padding=1, padding_mode='reflect', bias=False)
        return nn.ConvTranspose2d(inputs, filters, 3, stride=2, padding=1, output_padding=1, bias=False)

    def forward(self, conditions, style=None):
        x = conditions
        for layer in (self.stem, self.down1, self.down2):
            x = F.relu(layer.norm(layer(x), style))
        for i in range(self.blocks):
            x = self.get_submodule(f'block{i}')(x, style)
        for layer in (self.up1, self.up2):
            x = F.interpolate(x, scale_factor=2, mode='nearest') if self.nearest else x
            x = F.relu(layer.norm(layer(x), style))
        return torch.tanh(self.image(torch.cat([x, conditions], 1) if self.mask_skip else x))


class PatchDiscriminator(nn.Module):
    """Isola 2017, section 3.2.2."""

    def __init__(self, inputs, filters, layers, norm='None', spectral_norm=False):
        super().__init__()
        self.convs = []
        wrap = spectrally_normalised if spectral_norm else (lambda layer: layer)
        for i in range(layers + 1):
            width, has_norm = filters * min(2**i, 8), norm == 'Instance' and i > 0
            layer = wrap(nn.Conv2d(inputs, width, 4, stride=2 if i < layers else 1, padding=1, bias=not has_norm))
            self.add_module(f'conv{i + 1}', normed(layer) if has_norm else layer)
            self.convs.append(f'conv{i + 1}')
            inputs = width
        self.patch = wrap(nn.Conv2d(inputs, 1, 4, padding=1))

    def forward(self, conditions, image):
        x = torch.cat([conditions, image], 1)
        for name in self.convs:
            layer = self.get_submodule(name)
            x = layer(x)
            x = F.leaky_relu(layer.norm(x) if hasattr(layer, 'norm') else x, 0.2)
        return self.patch(x)


class SegmentationDiscriminator(nn.Module):
    """Schönfeld 2020 (OASIS): names each pixel's class, the last one is 'fake'. Sees the image alone."""

    def __init__(self, inputs, filters, layers, classes, spectral_norm=False):
        super().__init__()
        self.layers, f = layers, filters
        wrap = spectrally_normalised if spectral_norm else (lambda layer: layer)
        self.stem = wrap(nn.Conv2d(inputs, f, 3, padding=1))
        for i in range(1, layers + 1):
            self.add_module(f'down{i}', wrap(nn.Conv2d(f * 2 ** (i - 1), f * 2**i, 4, stride=2, padding=1)))
        self.middle = wrap(nn.Conv2d(f * 2**layers, f * 2**layers, 3, padding=1))
        for i in reversed(range(layers)):
            self.add_module(f'up{i}', wrap(nn.Conv2d(3 * f * 2**i, f * 2**i, 3, padding=1)))
        self.classes = wrap(nn.Conv2d(f, classes + 1, 1))

    def forward(self, _conditions, image):
        skips = [F.leaky_relu(self.stem(image), 0.2)]
        for i in range(1, self.layers + 1):
            skips.append(F.leaky_relu(self.get_submodule(f'down{i}')(skips[-1]), 0.2))
        x = F.leaky_relu(self.middle(skips[-1]), 0.2)
        for i in reversed(range(self.layers)):
            x = torch.cat([F.interpolate(x, scale_factor=2, mode='nearest'), skips[i]], 1)
            x = F.leaky_relu(self.get_submodule(f'up{i}')(x), 0.2)
        return self.classes(x)


def spectrally_normalised(layer):
    """One power iteration a forward pass (in training mode), Miyato 2018."""
    return torch.nn.utils.spectral_norm(layer, eps=1e-12)


def initialise(network):
    """He 2015 for leaky ReLU of slope 0.2."""
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            weight = layer.weight_orig if hasattr(layer, 'weight_orig') else layer.weight
            nn.init.kaiming_normal_(weight, a=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return network


def patch_losses(kind):
    """(discriminator's loss of logits on real and fake, generator's loss of logits on fake)"""
    if kind == 'BCE':
        def ask(logits, value):
            return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, value))
        return (lambda real, fake: ask(real, 1.0) + ask(fake, 0.0)), (lambda fake: ask(fake, 1.0))
    if kind == 'LSGAN':
        return (lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean()), (lambda fake: ((fake - 1) ** 2).mean())
    return (lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean()), (lambda fake: -fake.mean())
