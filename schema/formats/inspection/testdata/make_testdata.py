#!/usr/bin/env python3
"""Writes the files that inspect_content_test.cc and the fuzzer read, into folders beside it.

The folder is the expected kind. Nothing here is ever loaded; what unpickling would run is `true`.
Frameworks are stood in for by empty modules of their names, which is all that a pickle holds.
"""

import bz2
import collections
import gzip
import io
import json
import lzma
import os
import pickle
import shutil
import struct
import sys
import tarfile
import types
import zipfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def write(kind, name, content):
    folder = os.path.join(HERE, kind)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def stand_in(module, name):
    """A function `module`.`name` that pickle refers to by name."""
    parts = module.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[: i + 1]), types.ModuleType(parts[i]))

    def function(*_):
        return None

    function.__module__, function.__qualname__, function.__name__ = module, name, name
    setattr(sys.modules[module], name, function)
    return function


class Call:
    def __init__(self, function, *arguments):
        self.how = function, arguments

    def __reduce__(self):
        return self.how


ATTACK = Call(os.system, "true")
REBUILD = stand_in("torch._utils", "_rebuild_tensor_v2")
ESTIMATOR = stand_in("sklearn.linear_model._logistic", "LogisticRegression")
WRAPPER = stand_in("joblib.numpy_pickle", "NumpyArrayWrapper")
RECONSTRUCT = stand_in("numpy.core.multiarray", "_reconstruct")
TENSOR = Call(REBUILD, None, 0, (2, 3), (3, 1), False, collections.OrderedDict())
MODEL = pickle.dumps(collections.OrderedDict(weight=TENSOR), 2)
JOBLIB = pickle.dumps({"model": Call(ESTIMATOR), "array": Call(WRAPPER)}, 4)


def zipped(members, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return buffer.getvalue()


def npy(descr, shape, data, version=1):
    header = "{'descr': %s, 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    width = 2 if version == 1 else 4
    padding = -(6 + 2 + width + len(header) + 1) % 64
    header += " " * padding + "\n"
    return (b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(width, "little") +
            header.encode() + data)


def tarred(members, form=tarfile.USTAR_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def lz4_frame(content):
    """One uncompressed block, without checksums; the header's check byte is of these flags."""
    block = struct.pack("<I", 0x80000000 | len(content)) + content
    return b"\x04\x22\x4d\x18\x60\x40\x82" + block + b"\0\0\0\0"


def zstd_frame(content):
    """One raw block in a single segment of under 256 bytes."""
    return (b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) +
            (1 | len(content) << 3).to_bytes(3, "little") + content)


def nested(content, times):
    for _ in range(times):
        content = zipped({"a": content})
    return content


def keras_layer(class_name, module="keras.layers", config=None):
    return {"module": module, "class_name": class_name, "config": config or {}}


def keras_zip(layer):
    model = keras_layer("Sequential", "keras", {"layers": [keras_layer("Dense"), layer]})
    return zipped({"metadata.json": "{}", "config.json": json.dumps(model),
                   "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(64)})


def hdf5(content, prefix=b""):
    return prefix + b"\x89HDF\r\n\x1a\n" + bytes(64) + content


def unsafe(name, content):
    write("unsafe", name, content)


def pickles():
    for protocol in range(6):
        unsafe(f"pickle{protocol}_call", pickle.dumps(ATTACK, protocol))
        unsafe(f"pickle{protocol}_data", pickle.dumps({"a": [1, 2.5, "x"], "b": None}, protocol))
        unsafe(f"pickle{protocol}_joblib", pickle.dumps(Call(WRAPPER), protocol))
    unsafe("pickle2_cut_after_call", pickle.dumps(ATTACK, 2)[:-1])
    unsafe("pickle4_cut_after_import", pickle.dumps(ATTACK, 4)[:-8])
    unsafe("pickle0_then_garbage", b"cos\nsystem\n(S'true'\ntR\xff\xff\xff")
    unsafe("pickle0_inst", b"(S'true'\nios\nsystem\n.")
    unsafe("pickle0_obj", b"(cos\nsystem\nS'true'\no.")
    unsafe("pickle_no_header", pickle.dumps(ATTACK, 4)[2:])
    unsafe("pickle_no_header_no_frame", pickle.dumps(ATTACK, 4)[11:])
    unsafe("pickle_build", b"\x80\x02cbuiltins\nobject\n)\x81}(X\x01\x00\x00\x00aK\x01ub.")
    unsafe("pickle_memo_import", b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93.")
    unsafe("pickle_extension", b"\x80\x02\x82\x05)R.")
    unsafe("pickle_deep_stack", b"\x80\x02" + b"N" * 3000 + b"cos\nsystem\n(X\x04\0\0\0truetR")
    unsafe("pickle_large_bytes", b"\x80\x03B\x00\x10\0\0" + bytes(4096) + b"0cos\nsystem\n)R.")
    unsafe("pickle_newobj_ex", b"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.")


def torch():
    members = {"archive/data.pkl": MODEL, "archive/version": b"3\n", "archive/data/0": bytes(24)}
    unsafe("torch_zip", zipped(members))
    unsafe("torch_zip_renamed", zipped({"a/x.txt": MODEL, "a/data/0": bytes(24)}))
    unsafe("torch_zip_behind_prefix", b"\x08\x07not only a zip" + zipped(members))
    unsafe("torch_zip_then_bytes", zipped(members) + bytes(1000))
    unsafe("torchscript", zipped({"m/code/m.py": b"def f(): pass\n", "m/constants.pkl": MODEL}))
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    head = magic + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    unsafe("torch_legacy", head + MODEL + pickle.dumps(["0"], 2) + bytes(100))
    zero = [pickle.dumps(value, 0) for value in (0x1950A86A20F9469CFC6C, 1001, {"a": 1}, TENSOR)]
    unsafe("torch_legacy_protocol0", b"".join(zero) + bytes(100))
    older = {"pickle": MODEL, "storages": bytes(100), "tensors": bytes(100)}
    unsafe("torch_tar", tarred(older))
    unsafe("torch_tar_gnu", tarred(older, tarfile.GNU_FORMAT))
    unsafe("torch_in_zip", zipped({"models/m.bin": zipped(members)}, zipfile.ZIP_DEFLATED))


def joblib():
    unsafe("joblib", JOBLIB)
    unsafe("joblib_zlib", zlib.compress(JOBLIB, 3))
    unsafe("joblib_gzip", gzip.compress(JOBLIB, 3, mtime=0))
    unsafe("joblib_bz2", bz2.compress(JOBLIB, 3))
    unsafe("joblib_xz", lzma.compress(JOBLIB))
    unsafe("joblib_lzma", lzma.compress(JOBLIB, lzma.FORMAT_ALONE))
    unsafe("joblib_lz4", lz4_frame(JOBLIB))
    unsafe("pandas_zstd", zstd_frame(pickle.dumps(ATTACK, 4)))
    packed = zlib.compress(JOBLIB)
    unsafe("joblib_old", b"ZF" + hex(len(JOBLIB)).encode().ljust(19) + packed)
    unsafe("joblib_gzip_cut", gzip.compress(JOBLIB + bytes(5000), 3, mtime=0)[:-12])
    unsafe("joblib_gzip_second", gzip.compress(b"", mtime=0) + gzip.compress(JOBLIB, mtime=0))
    unsafe("gzip_in_gzip", gzip.compress(gzip.compress(JOBLIB, mtime=0), mtime=0))
    unsafe("tar_gz", gzip.compress(tarred({"m.pkl": JOBLIB}), mtime=0))


def arrays():
    objects = pickle.dumps(Call(RECONSTRUCT), 2)
    unsafe("npy_objects", npy("'|O'", "(1,)", objects))
    unsafe("npy_objects_v2", npy("'|O'", "(1,)", objects, 2))
    unsafe("npy_objects_in_fields", npy("[('a', '<f4'), ('b', [('c', '|O')])]", "(1,)", objects))
    unsafe("npy_objects_with_shape", npy("('O', (2,))", "(1,)", objects))
    unsafe("npy_objects_by_word", npy("'obj' 'ect'", "(1,)", objects))
    unsafe("npy_objects_escaped", npy("'\\x4f'", "(1,)", objects))
    unsafe("npy_pickle_behind_numbers", npy("'<f4'", "(1,)", objects))
    unsafe("npz_objects", zipped({"a.npy": npy("'|O'", "(1,)", objects)}))
    unsafe("npz_objects_packed",
           zipped({"a.npy": npy("'|O'", "(1,)", objects)}, zipfile.ZIP_DEFLATED))


def keras():
    unsafe("keras_lambda", keras_zip(keras_layer("Lambda")))
    unsafe("keras_foreign_module", keras_zip(keras_layer("run", "os")))
    unsafe("keras_function", keras_zip(keras_layer("function", "builtins", "exec")))
    unsafe("keras_escaped", keras_zip(keras_layer("X")).replace(b'"X"', b'"\\u004cambda"'))
    config = json.dumps({"class_name": "Sequential", "config": {"layers": [keras_layer("Lambda")]}})
    unsafe("keras_h5", hdf5(b"model_config\0\0\0\0" + config.encode()))
    unsafe("keras_h5_behind_block", hdf5(b"model_config\0\0\0\0" + config.encode(), bytes(1024)))
    write("unknown", "keras_weights.h5", hdf5(b"layer_names\0\0" + bytes(200)))
    write("unknown", "keras_dense.keras", keras_zip(keras_layer("Dense")))


def flawed_zips():
    plain = zipped({"a.txt": b"hello, hello, hello, hello\n"}, zipfile.ZIP_DEFLATED)
    stored = zipped({"a.txt": b"hello\n"})
    at = plain.rfind(b"PK\1\2")
    encrypted = bytearray(plain)
    encrypted[at + 8] |= 1
    unsafe("zip_encrypted", bytes(encrypted))
    unsafe("zip_two_names", stored.replace(b"a.txt", b"b.txt", 1))
    unsafe("zip_wrong_crc", stored.replace(b"hello", b"hallo", 1))
    unsafe("zip_without_directory", stored[: stored.rfind(b"PK\1\2")])
    unsafe("zip_cut_member", plain.replace(plain[35:45], bytes(10)))
    unsafe("zip_lzma", zipped({"a.txt": b"hello\n"}, zipfile.ZIP_LZMA))
    unsafe("zip_too_deep", nested(b"hello\n", 10))
    unsafe("zip_pickle_deep", nested(pickle.dumps(ATTACK, 2), 6))
    buffer = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(zipfile.ZipInfo("x/data.pkl", (1980, 1, 1, 0, 0, 0)), MODEL)
    unsafe("zip_behind_png", buffer.getvalue())


def png():
    def chunk(kind, data):
        return (len(data).to_bytes(4, "big") + kind + data +
                zlib.crc32(kind + data).to_bytes(4, "big"))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


def piece(text, score):
    body = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", score)
    return b"\x0a" + bytes([len(body)]) + body


def harmless():
    write("image", "image.png", png())
    write("image", "image.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xdb\xff\xd9")
    write("image", "image.gif", b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;")
    webp = b"WEBPVP8L" + struct.pack("<I", 10) + bytes(10)
    write("image", "image.webp", b"RIFF" + struct.pack("<I", len(webp)) + webp)
    wav = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data\0\0\0\0"
    write("audio", "sound.wav", b"RIFF" + struct.pack("<I", len(wav)) + wav)
    write("safetensors", "model.safetensors",
          (lambda h: struct.pack("<Q", len(h)) + h + bytes(8))(
              b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'))
    write("numpy", "array.npy", npy("'<f4'", "(2, 3)", bytes(24)))
    write("archive", "arrays.npz", zipped({"a.npy": npy("'<i8'", "(2,)", bytes(16))}))
    write("archive", "arrays_packed.npz",
          zipped({"a.npy": npy("'<f8'", "(100000,)", bytes(800000))}, zipfile.ZIP_DEFLATED))
    write("archive", "texts.tar", tarred({"a.txt": b"hello\n", "b.txt": b"world\n"}))
    write("archive", "vocabulary.txt.gz", gzip.compress(b"cat\ndog\n", mtime=0))
    write("archive", "texts.zip", zipped({"a.txt": b"hello\n", "b/": b""}, zipfile.ZIP_DEFLATED))
    write("tokenizer", "sentencepiece.model",
          piece(b"<unk>", 0.0) + piece(b"\xe2\x96\x81the", -3.5) + b"\x12\x02\x18\x01")
    write("text", "tokenizer.json", b'{"version":"1.0","model":{"type":"BPE","vocab":{"a":0}}}\n')
    write("text", "labels.txt", b"cat\ndog\nbird\n")
    write("text", "labels2.txt", b"cat\ndog\ncar\ntruck\nRabbit\n")
    write("text", "labels3.txt", b"cat\ndog\nViolin\nRabbit\n")
    write("text", "data.csv", b"I,1\nN,2\n(,3\n")
    write("text", "numbers.txt", b"1\n2\n3.5\n")
    write("text", "script.py", b"import pickle\nprint(pickle.loads(b''))\n")
    write("text", "short.txt", b"N.")
    write("text", "merges.txt", b"#version: 0.2\ni n\nt h\n")
    write("unknown", "weights.bin", bytes((i * 37 + i * i * 11) % 251 for i in range(4096)))
    write("unknown", "png_and_more.png", png() + b"and more \xff")
    write("unknown", "program", b"\x7fELF\2\1\1" + bytes(100))
    write("unknown", "model.tflite", b"\x1c\0\0\0TFL3" + bytes(100))


write("", "bomb.gz", gzip.compress(bytes(80_000_000), mtime=0))
for entry in os.scandir(HERE):
    if entry.is_dir():
        shutil.rmtree(entry.path)
for make in (pickles, torch, joblib, arrays, keras, flawed_zips, harmless):
    make()
