"""Makes expected.fixture.json and files/ beside this script: the datasets room's results in other people's libraries.

Needs numpy, scipy, scikit-image, Pillow, tifffile and torch; the tests need none of them.
    python test/references/datasets/make.py
"""
import hashlib, json, os, struct, zlib
import numpy as np
import tifffile
import torch
from PIL import Image
from scipy import ndimage as ndi
from skimage import morphology
from skimage.segmentation import find_boundaries

HERE = os.path.dirname(os.path.abspath(__file__))
NUCLEI = os.path.join(HERE, "..", "..", "data", "nuclei")
FILES = os.path.join(HERE, "files")
rng = np.random.default_rng(7)
expected = {}


def stretch(values, least):
    """The prototype's: percentiles 0.5 and 99.5 of all values together to 0..255, in single precision."""
    f = values.astype(np.float32)
    a, b = np.percentile(f, 0.5), np.percentile(f, 99.5)
    return np.clip((f - a) * (255.0 / max(b - a, least)), 0, 255).astype(np.uint8)


def ternary(labels):
    out = (labels > 0).astype(np.uint8)
    out[find_boundaries(labels, mode="inner") & (labels > 0)] = 2
    return out


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def tiles():
    out = {}
    for site in sorted(os.listdir(NUCLEI)):
        images = os.path.join(NUCLEI, site, "test", "images")
        if not os.path.isdir(images):
            continue
        for name in sorted(os.listdir(images)):
            image = np.asarray(Image.open(os.path.join(images, name)).convert("RGB"))
            labels = np.asarray(Image.open(os.path.join(NUCLEI, site, "test", "labels", name))).astype(np.int32)
            out[f"{site}/{name[:-4]}"] = {"image": digest(stretch(image, 8.0)), "classes": digest(ternary(labels))}
    return out


def contrasts():
    cases = {
        "bytes": rng.integers(0, 60, 500).astype(np.uint8),
        "flat bytes": np.full(40, 17, np.uint8),
        "16 bits": rng.integers(0, 40000, 700).astype(np.float32),
        "negative integers": rng.integers(-1024, 3000, 333).astype(np.float32),
        "fractions": rng.normal(0.3, 0.2, 401).astype(np.float32),
        "large fractions": (rng.normal(0, 1, 200) * 3e6).astype(np.float32),
        "two values": np.array([3, 9], np.float32),
    }
    return {
        name: {
            "values": [float(v) for v in values],
            "bytes": values.dtype == np.uint8,
            "percentiles": [float(np.percentile(values.astype(np.float32), q)) for q in (0.5, 99.5)],
            "stretched": stretch(values, 8.0 if values.dtype == np.uint8 else 0.0).tolist(),
        }
        for name, values in cases.items()
    }


def planes():
    labels = np.kron(rng.integers(0, 4, (5, 6)), np.ones((3, 3), int))
    labels[rng.random(labels.shape) < 0.1] = 0
    mask = (labels > 1).astype(np.uint8)
    filled = ndi.binary_fill_holes(mask)
    # cv2.Laplacian(filled, CV_8U): kernel size 1, border reflected without the edge pixel, negative values cut off.
    kernel = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    outline = np.clip(ndi.convolve(filled.astype(int), kernel, mode="mirror"), 0, 255) > 0
    dilated, eroded = morphology.dilation(mask), morphology.erosion(mask, morphology.disk(1))
    components, _ = ndi.label(mask, structure=np.ones((3, 3)))
    return {
        "width": labels.shape[1],
        "labels": labels.ravel().tolist(),
        "classes": ternary(labels).ravel().tolist(),
        "mask": mask.ravel().tolist(),
        "filled": filled.astype(int).ravel().tolist(),
        "outline": outline.astype(int).ravel().tolist(),
        "edges": (dilated & ~eroded).ravel().tolist(),
        "components": components.ravel().tolist(),
    }


def resizes():
    out = []
    for height, width, channels, size in ((7, 5, 3, 8), (9, 12, 1, 4), (6, 6, 3, 13)):
        pixels = rng.integers(0, 256, (height, width, channels)).astype(np.uint8)
        tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None].double()
        linear = torch.nn.functional.interpolate(tensor, (size, size), mode="bilinear", align_corners=False)[0].permute(1, 2, 0).numpy()
        nearest = torch.nn.functional.interpolate(tensor, (size, size), mode="nearest-exact")[0, 0].numpy()
        out.append({
            "width": width, "height": height, "channels": channels, "size": size, "pixels": pixels.ravel().tolist(),
            "linear": linear.round(6).ravel().tolist(), "nearest": nearest.astype(int).ravel().tolist(),
        })
    return out


def adam7(pixels):
    """A PNG file of [rows, columns, 3] bytes, interlaced, without filters."""
    raw = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = pixels[y0::dy, x0::dx]
        if part.size:
            raw += b"".join(b"\0" + row.tobytes() for row in part)
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def rasters():
    """name -> the image and the label map that the file holds; None: a colour image is no label map."""
    out = {}

    def add(name, image, label, bits=8):
        image = np.asarray(image)
        out[name] = {
            "width": image.shape[1], "height": image.shape[0], "channels": 1 if image.ndim == 2 else 3, "bits": bits,
            "image": image.ravel().tolist(), "label": None if label is None else np.asarray(label).ravel().tolist(),
        }

    def path(name):
        return os.path.join(FILES, name)

    h, w = 11, 13
    grey8 = rng.integers(0, 256, (h, w)).astype(np.uint8)
    grey16 = rng.integers(0, 65536, (h, w)).astype(np.uint16)
    rgb = rng.integers(0, 256, (h, w, 3)).astype(np.uint8)
    bits = (rng.random((h, w)) < 0.5)
    smooth16 = (np.add.outer(np.arange(40), np.arange(50)) * 300).astype(np.uint16)
    smooth_rgb = np.stack([np.add.outer(np.arange(40), np.arange(50)) + c for c in (0, 60, 120)], -1).astype(np.uint8)

    Image.fromarray(grey8).save(path("grey8.png")); add("grey8.png", grey8, grey8)
    Image.fromarray(grey16).save(path("grey16.png")); add("grey16.png", grey16, grey16, 16)
    Image.fromarray(rgb).save(path("rgb.png")); add("rgb.png", rgb, None)
    Image.fromarray(np.repeat(grey8[..., None], 3, -1)).save(path("grey-as-rgb.png")); add("grey-as-rgb.png", np.repeat(grey8[..., None], 3, -1), grey8)
    Image.fromarray(np.dstack([rgb, grey8])).save(path("rgba.png")); add("rgba.png", rgb, None)
    Image.fromarray(np.dstack([grey8, 255 - grey8]), "LA").save(path("grey-alpha.png")); add("grey-alpha.png", grey8, grey8)
    Image.fromarray(bits).save(path("bits.png")); add("bits.png", bits * 255, bits.astype(int))
    open(path("interlaced.png"), "wb").write(adam7(rgb)); add("interlaced.png", rgb, None)
    for colours, name in ((200, "palette8.png"), (12, "palette4.png")):
        indices = rng.integers(0, colours, (h, w)).astype(np.uint8)
        palette = rng.integers(0, 256, (colours, 3)).astype(np.uint8)
        picture = Image.fromarray(indices, "P"); picture.putpalette(palette.ravel().tolist()); picture.info["transparency"] = 3
        picture.save(path(name), bits=8 if colours > 16 else 4, transparency=3); add(name, palette[indices], indices)
        picture.save(path(name.replace(".png", ".tif"))) if colours > 16 else None
        if colours > 16:
            add("palette8.tif", palette[indices], indices)

    tifffile.imwrite(path("grey8.tif"), grey8, photometric="minisblack"); add("grey8.tif", grey8, grey8)
    tifffile.imwrite(path("white-is-zero.tif"), grey8, photometric="miniswhite"); add("white-is-zero.tif", 255 - grey8, grey8)
    tifffile.imwrite(path("big-endian16.tif"), grey16, photometric="minisblack", byteorder=">"); add("big-endian16.tif", grey16, grey16, 16)
    tifffile.imwrite(path("deflate-predictor16.tif"), smooth16, photometric="minisblack", compression="zlib", predictor=True, rowsperstrip=7)
    add("deflate-predictor16.tif", smooth16, smooth16, 16)
    tifffile.imwrite(path("tiled.tif"), smooth_rgb, photometric="rgb", tile=(16, 32), compression="zlib"); add("tiled.tif", smooth_rgb, None)
    tifffile.imwrite(path("float.tif"), (grey16 / 7).astype(np.float32), photometric="minisblack"); add("float.tif", (grey16 / 7).astype(np.float32), None, 32)
    Image.fromarray(smooth_rgb).save(path("lzw.tif"), compression="tiff_lzw"); add("lzw.tif", smooth_rgb, None)
    noise = rng.integers(0, 256, (70, 90)).astype(np.uint8)  # enough of it for the codes of 12 bits and a full table
    Image.fromarray(noise).save(path("lzw-noise.tif"), compression="tiff_lzw"); add("lzw-noise.tif", noise, noise)
    Image.fromarray(smooth_rgb).save(path("lzw-predictor.tif"), compression="tiff_lzw", tiffinfo={317: 2}); add("lzw-predictor.tif", smooth_rgb, None)
    Image.fromarray(grey8 // 90).save(path("packbits.tif"), compression="packbits"); add("packbits.tif", grey8 // 90, grey8 // 90)
    Image.fromarray(np.dstack([rgb, grey8])).save(path("rgba.tif")); add("rgba.tif", rgb, None)
    Image.fromarray(bits).save(path("bits.tif")); add("bits.tif", bits * 255, bits.astype(int))
    tifffile.imwrite(path("pages.tif"), np.stack([grey8, grey8]), photometric="minisblack")
    tifffile.imwrite(path("planes.tif"), np.moveaxis(rgb, -1, 0), photometric="rgb", planarconfig="separate")
    Image.fromarray(rgb).save(path("jpeg.tif"), compression="jpeg")
    return out


os.makedirs(FILES, exist_ok=True)
for old in os.listdir(FILES):
    os.remove(os.path.join(FILES, old))
expected = {"tiles": tiles(), "contrasts": contrasts(), "planes": planes(), "resizes": resizes(), "rasters": rasters()}
with open(os.path.join(HERE, "expected.fixture.json"), "w") as file:
    json.dump(expected, file, separators=(",", ":"))
    file.write("\n")
