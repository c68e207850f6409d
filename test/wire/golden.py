"""Writes golden envelopes for the wire format, built from docs/wire-format.md alone, without the project's code.

python3 test/wire/golden.py > test/wire/golden.fixture.json      (standard library only)
"""
import json
import math
import struct


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def planes(words, size):
    """Byte shuffle: little-endian words, all lowest bytes first."""
    raw = [w.to_bytes(size, "little") for w in words]
    return bytes(r[b] for b in range(size) for r in raw)


def section(name, dtype, shape, encoding, body, stored=None, **scale):
    data = body if stored is None else stored
    header = {"name": name, "dtype": dtype, "shape": shape, "encoding": encoding, **scale,
              "compression": "none" if stored is None else "zstd", "crc32c": crc32c(data), "bytes": len(data), "uncompressedBytes": len(body)}
    return header, data


def residuals(values, shape):
    """Each value less what its left, upper and upper left neighbour let expect."""
    pixel, row = shape[-1], shape[-1] * shape[-2]
    def expect(i):
        left, up, corner = (values[k] if k >= 0 else 0 for k in (i - pixel, i - row, i - row - pixel))
        return min(left, up) if corner >= max(left, up) else max(left, up) if corner <= min(left, up) else left + up - corner
    return bytes((v - expect(i)) % 256 for i, v in enumerate(values))


def uint8(name, shape, grid):
    return section(name, "float32", shape, "UInt8", residuals(grid, shape))


def scale_of(values):
    """The root mean square times 2^scale lies in [2^-14, 2^-13)."""
    return -14 - (math.frexp(math.sqrt(sum(v * v for v in values) / len(values)))[1] - 1)


def float16(name, shape, values):
    scale = scale_of(values)
    words = [struct.unpack("<H", struct.pack("<e", v * 2.0**scale))[0] for v in values]
    return section(name, "float32", shape, "Float16", planes(words, 2), scale=scale)


def float32(name, shape, values):
    words = [struct.unpack("<I", struct.pack("<f", v))[0] for v in values]
    return section(name, "float32", shape, "Float32", planes(words, 4))


def int8(name, shape, scales, steps):
    return section(name, "float32", shape, "Int8", b"".join(struct.pack("<f", s) for s in scales) + struct.pack(f"<{len(steps)}b", *steps))


def zstd_of_one_byte(byte, count):
    """A whole zstd frame (RFC 8878): magic, single segment with a one-byte content size, one last run-length block."""
    return b"\x28\xb5\x2f\xfd" + bytes([0x20, count]) + (1 | 1 << 1 | count << 3).to_bytes(3, "little") + bytes([byte])


def envelope(kind, fields, sections=(), **frame):
    frame = {"protocol": {"major": 1, "minor": 0}, "run": "nuclei", "site": "hospital-a", "epoch": 7, **frame}
    head = json.dumps({"type": kind, **frame, **fields, "tensors": [h for h, _ in sections]}, separators=(",", ":")).encode()
    padding = -(4 + len(head)) % 8
    return struct.pack("<I", len(head)) + head + bytes(padding) + b"".join(d for _, d in sections)


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def grid(value):
    return f32(f32(value / 127.5) - 1)


conditions = [{"key": "k-01", "top": 3, "left": 5, "rotate": 1, "flip": True}]
work = {"iteration": 12, "generatorVersion": 12, "conditions": conditions, "snapshot": False}
feedback = {"iteration": 12, "generatorVersion": 12, "losses": {"discriminator": 1.25, "generator": -0.5}, "seconds": 0.125, "snapshotTaken": True}
colours = [(37 * i * i + 11 * i) % 256 for i in range(72)]
pixels = [0, 1, 127, 128, 254, 255, 64, 200]
gradient = [1e-4, -2.5e-4, 0.0, 3.0e-7, -1.5e-6, 2.44140625e-4, 6.1e-5, -1e-4]
gradient = [f32(v) for v in gradient]
scale = scale_of(gradient)
half = [struct.unpack("<e", struct.pack("<e", v * 2.0**scale))[0] * 2.0**-scale for v in gradient]
manifest = {"count": 40, "size": 128, "channels": 3, "classes": 3, "labels": "Instances", "testCount": 10}

GOLDEN = [
    {"name": "hello", "hex": envelope("hello", {
        "manifest": manifest, "codecs": {"images": ["UInt8", "Float16"], "feedback": ["Float16", "Int8"]},
        "policyDigest": "sha256-00ff", "snapshots": [50, 100], "experimentDigest": "sha256-aa"}, epoch=6),
     "sections": []},
    {"name": "welcome", "hex": envelope("welcome", {
        "siteIndex": 2, "codecs": {"images": "UInt8", "feedback": "Float16"}},
        [section("experiment", "json", [1], "Json", b'{"seed":1}')]),
     "sections": [{"json": {"seed": 1}}]},
    {"name": "heartbeat", "hex": envelope("heartbeat", {"leaving": False}), "sections": []},
    {"name": "work, UInt8", "hex": envelope("work", work, [uint8("fakes", [1, 2, 4, 1], pixels)]),
     "sections": [{"floats": [grid(v) for v in pixels]}]},
    {"name": "work, UInt8 in colour", "hex": envelope("work", {**work, "conditions": conditions * 2}, [uint8("fakes", [2, 3, 4, 3], colours)]),
     "sections": [{"floats": [grid(v) for v in colours]}]},
    {"name": "work, label maps made by the hub", "hex": envelope("work", {**work, "conditions": []}, [
        uint8("fakes", [1, 2, 4, 1], pixels),
        section("labels", "uint8", [1, 2, 4], "RunLength", bytes([0, 3, 2, 4, 1, 1]))]),
     "sections": [{"floats": [grid(v) for v in pixels]}, {"classes": [0, 0, 0, 2, 2, 2, 2, 1]}]},
    {"name": "feedback, Float16", "hex": envelope("feedback", feedback, [float16("gradient", [1, 2, 4, 1], gradient)]),
     "sections": [{"floats": half, "encodes": gradient}]},
    {"name": "feedback, Float32", "hex": envelope("feedback", feedback, [float32("gradient", [1, 2, 4, 1], gradient)]),
     "sections": [{"floats": gradient}]},
    {"name": "feedback, Int8", "random": True, "hex": envelope("feedback", feedback, [int8("gradient", [1, 2, 2, 2], [0.5, 0.25], [1, -127, 127, 0, -3, 2, 64, -64])]),
     "sections": [{"floats": [0.5, -31.75, 63.5, 0.0, -1.5, 0.5, 32.0, -16.0]}]},
    {"name": "conditions, a run over two bytes of length, zstd", "random": True, "hex": envelope(
        "conditions", {"part": {"index": 0, "last": True}, "size": 16, "keys": ["k-01"]},
        [section("classes", "uint8", [1, 16, 16], "RunLength", bytes([2, 128, 2]))]),
     "sections": [{"classes": [2] * 256}]},
    {"name": "work, zstd", "random": True, "hex": envelope("work", work, [section("fakes", "float32", [1, 10, 10, 1], "UInt8", bytes(100), zstd_of_one_byte(0, 100))]),
     "sections": [{"floats": [-1.0] * 100}]},
    {"name": "control, stop", "hex": envelope("control", {"control": {"kind": "stop", "reason": "done"}}), "sections": []},
    {"name": "reply, scores", "hex": envelope("reply", {"reply": {"kind": "evaluate", "scores": {"images": 10, "dice": 0.75, "hd95": None}}}), "sections": []},
    {"name": "error", "hex": envelope("error", {"code": "DATASET_UNREADABLE", "retryable": False}), "sections": []},
]

print(json.dumps([{**g, "hex": g["hex"].hex()} for g in GOLDEN], indent=1))
