"""Writes metrics.fixture.json: label maps with the numbers of SciPy, scikit-image and MedPy.

usage: python make.py NUCLEI_DIRECTORY   (numpy, scipy, scikit-image, medpy, pillow)

Arrays are base64 of zlib-deflated bytes. Probabilities are multiples of 1/256 (exact in float32): interior, boundary interleaved.
"""
import base64
import json
import pathlib
import sys
import zlib

import medpy.metric.binary as medpy
import numpy as np
from PIL import Image
from scipy import ndimage as ndi
from scipy.linalg import sqrtm
from skimage.segmentation import find_boundaries, watershed

SITES = ["fluorescence-small", "fluorescence-large", "histology-light", "histology-dark"]


def pack(array, dtype):
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array, dtype).tobytes(), 9)).decode()


def instances(interior, boundary):
    foreground = interior + boundary > 0.5
    core = interior > 0.5
    core = ndi.binary_opening(core) | (core & (ndi.uniform_filter(core.astype(np.float64), 3) > 0.95))
    seeds, n = ndi.label(core)
    small = np.flatnonzero(ndi.sum(core, seeds, np.arange(1, n + 1)) < 8) + 1
    seeds[np.isin(seeds, small)] = 0
    pieces, m = ndi.label(foreground)
    k = seeds.max()
    for piece in range(1, m + 1):
        where = pieces == piece
        if where.sum() >= 16 and seeds[where].max() == 0:
            k += 1
            seeds[where] = k
    return watershed(-interior, seeds, mask=foreground)


def aji(truth, predicted):
    """Kumar et al. 2017, written as the paper's algorithm 1: one instance after another."""
    used, intersection, union = set(), 0, 0
    candidates = [j for j in np.unique(predicted) if j > 0]
    for i in (i for i in np.unique(truth) if i > 0):
        g = truth == i
        best = max(candidates, key=lambda j: (g & (predicted == j)).sum() / (g | (predicted == j)).sum(), default=None)
        if best is None or not (g & (predicted == best)).any():
            union += g.sum()
            continue
        intersection += (g & (predicted == best)).sum()
        union += (g | (predicted == best)).sum()
        used.add(best)
    union += sum((predicted == j).sum() for j in candidates if j not in used)
    return intersection / union


def prediction(labels, rng):
    """A segmenter's softmax, imitated: blurred truth with blurred noise, on the 1/256 grid."""
    boundary = find_boundaries(labels, mode="inner") & (labels > 0)
    interior = (labels > 0) & ~boundary
    noise = lambda: 4 * ndi.gaussian_filter(rng.standard_normal(labels.shape), 2)
    logits = np.stack([ndi.gaussian_filter(c.astype(float), 1.0) * 5 + noise() for c in (labels == 0, interior, boundary)])
    p = np.exp(logits) / np.exp(logits).sum(0)
    return np.floor(p[1:] * 256).clip(0, 255) / 256


def case(name, labels, rng):
    interior, boundary = prediction(labels, rng)
    truth, found = labels > 0, interior + boundary > 0.5
    predicted = instances(interior, boundary)
    return {
        "name": name,
        "height": labels.shape[0],
        "width": labels.shape[1],
        "labels": pack(labels, "<u2"),
        "probabilities": pack(np.stack([interior, boundary], -1) * 256, "u1"),
        "instances": pack(predicted, "<u2"),
        "components": pack(ndi.label(found)[0], "<u2"),
        "dice": medpy.dc(found, truth),
        "sensitivity": medpy.sensitivity(found, truth),
        "specificity": medpy.specificity(found, truth),
        "hd95": medpy.hd95(found, truth),
        "aji": aji(labels, predicted),
    }


def blobs(shape, rng):
    return ndi.label(ndi.gaussian_filter(rng.standard_normal(shape), 2.5) > 0.05)[0]


def tile(root, site, number):
    return np.asarray(Image.open(root / site / "test" / "labels" / f"{number:03d}.png")).astype(np.int32)


def gaussians(rng, d):
    samples = [rng.standard_normal((3 * d, d)) @ rng.standard_normal((d, d)) + rng.standard_normal(d) for _ in range(2)]
    means, covariances = [s.mean(0) for s in samples], [np.cov(s.T) for s in samples]
    cross = sqrtm(covariances[0] @ covariances[1]).real
    distance = ((means[0] - means[1]) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * cross)
    return {
        "means": [m.tolist() for m in means],
        "covariances": [c.ravel().tolist() for c in covariances],
        "distance": float(distance),
    }


def main(root):
    rng = np.random.default_rng(1)
    points = rng.random((19, 31)) < 0.02
    fixture = {
        "cases": [case(f"random {h}x{w}", blobs((h, w), rng), rng) for h, w in [(32, 32), (40, 24), (17, 53), (64, 64)]]
        + [case(f"{site} {i}", tile(root, site, i), rng) for site in SITES for i in (0, 7)],
        "distance": {
            "height": 19,
            "width": 31,
            "mask": pack(points, "u1"),
            "squared": np.rint(ndi.distance_transform_edt(~points) ** 2).astype(int).ravel().tolist(),
        },
        "gaussians": [gaussians(rng, d) for d in (2, 5, 12)],
    }
    out = pathlib.Path(__file__).with_name("metrics.fixture.json")
    out.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


main(pathlib.Path(sys.argv[1]))
