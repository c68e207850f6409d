"""Takes the libraries and the headers that the addon needs out of wheels.

usage: unpack_wheels.py TARGET WHEEL...

TensorFlow's wheel gives TARGET/lib and TARGET/include (the 14 headers of 13,000 that the addon includes); the CUDA wheels give
TARGET/nvidia/*/lib, where the RUNPATH of TensorFlow's libraries looks for them.
"""

import os
import re
import shutil
import sys
import zipfile

LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
INCLUDE = "tensorflow/include/"
ROOT_HEADERS = (
    "tensorflow/c/c_api.h",
    "tensorflow/c/eager/c_api.h",
    "tensorflow/c/tf_tensor.h",
    "tensorflow/c/tf_status.h",
    "tensorflow/c/tf_datatype.h",
    "tensorflow/core/platform/ctstring_internal.h",
)


def main(target, *wheels):
    for path in wheels:
        with zipfile.ZipFile(path) as wheel:
            names = set(wheel.namelist())
            if "tensorflow/" + LIBRARIES[0] in names:
                unpack_tensorflow(wheel, target)
            for name in names:
                if re.match(r"nvidia/[^/]+/lib/.*\.so", name):
                    put(wheel, name, os.path.join(target, name))


def unpack_tensorflow(wheel, target):
    for library in LIBRARIES:
        put(wheel, "tensorflow/" + library, os.path.join(target, "lib", library))
    waiting, seen = list(ROOT_HEADERS), set()
    while waiting:
        header = waiting.pop()
        if header in seen:
            continue
        seen.add(header)
        put(wheel, INCLUDE + header, os.path.join(target, "include", header))
        text = wheel.read(INCLUDE + header).decode("utf8", "replace")
        waiting += re.findall(r'#\s*include\s*"([^"]+)"', text)


def put(wheel, name, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with wheel.open(name) as source, open(path, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


main(*sys.argv[1:])
