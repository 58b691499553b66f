#!/usr/bin/env python3
"""Writes what real frameworks save, small, into frameworks/, and frameworks.tsv: each file's name,
the package and version that wrote it, with what, the kind of content that it is, and which
framework the verdict has to name ("-": none).

Needs the packages below; those that are not installed are left out, and so are their files. What
is unpickled on loading are these frameworks' own classes, and nothing here is ever loaded.
"""

import bz2
import gzip
import importlib.metadata
import io
import json
import lzma
import marshal
import multiprocessing
import os
import pickle
import shutil
import sys
import tarfile
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "frameworks")
TABLE = os.path.join(HERE, "frameworks.tsv")
ROWS = []
MAKERS = []


def maker(*packages):
    """Registers a function that writes files; `packages` are what it needs."""

    def register(function):
        MAKERS.append((packages, function))
        return function

    return register


class Writer:
    """Where the files of one package go."""

    def __init__(self, package, version):
        self.package, self.version = package, version

    def path(self, name, how, kind, framework="-"):
        """Where to write `name`, which is then listed."""
        ROWS.append((name, f"{self.package} {self.version}", how, kind, framework))
        return os.path.join(OUT, name)

    def write(self, name, content, how, kind, framework="-"):
        with open(self.path(name, how, kind, framework), "wb") as file:
            file.write(content)


@maker("torch")
def torch_files(to):
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters())
    unsafe = ("unsafe", "PyTorch")
    torch.save(model.state_dict(), to.path("torch_state.pt", "torch.save(state_dict)", *unsafe))
    torch.save(model.state_dict(), to.path("torch_state_legacy.pth", "torch.save, not as zip",
                                           *unsafe), _use_new_zipfile_serialization=False)
    torch.save(model, to.path("torch_module.bin", "torch.save(module)", *unsafe))
    torch.save(model, to.path("torch_module_legacy.bin", "torch.save(module), not as zip",
                              *unsafe), _use_new_zipfile_serialization=False)
    torch.save(model.state_dict(), to.path("torch_state_protocol4.pt", "torch.save, protocol 4",
                                           *unsafe), pickle_protocol=4)
    torch.save(torch.arange(6), to.path("torch_tensor.pt", "torch.save(tensor)", *unsafe))
    checkpoint = {"epoch": 3, "state_dict": model.state_dict(), "hyper_parameters": {"lr": .1},
                  "optimizer_states": [optimizer.state_dict()], "pytorch-lightning_version": "2.0"}
    torch.save(checkpoint, to.path("lightning.ckpt", "torch.save(checkpoint)", *unsafe))
    torch.jit.script(model).save(to.path("torch_script.pt", "torch.jit.script().save", *unsafe))
    exported = torch.export.export(model, (torch.zeros(1, 3),))
    torch.export.save(exported, to.path("torch_export.pt2", "torch.export.save", *unsafe))
    torch.onnx.export(model, (torch.zeros(1, 3),), to.path("torch.onnx", "torch.onnx.export",
                                                           "onnx"), dynamo=False)
    # As NeMo keeps a model: a tar with the checkpoint beside its settings.
    state = io.BytesIO()
    torch.save(model.state_dict(), state)
    nemo = to.path("model.nemo", "torch.save in a tar.gz", *unsafe)
    with tarfile.open(nemo, "w:gz") as archive:
        for name, content in (("model_config.yaml", b"a: 1\n"), ("w.ckpt", state.getvalue())):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@maker("joblib", "scikit-learn")
def joblib_files(to):
    import joblib
    import numpy
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = numpy.arange(20.).reshape(10, 2), numpy.arange(10) % 2
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    unsafe = ("unsafe", "scikit-learn")
    joblib.dump(pipeline, to.path("pipeline.joblib", "joblib.dump", *unsafe))
    for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(pipeline, to.path(f"pipeline.{method}.joblib", f"joblib.dump, {method}",
                                      *unsafe), compress=(method, 3))
    joblib.dump(numpy.arange(30), to.path("array.joblib", "joblib.dump(array)", *unsafe))


@maker("scikit-learn")
def sklearn_files(to):
    from sklearn.ensemble import RandomForestClassifier

    unsafe = ("unsafe", "scikit-learn")
    forest = RandomForestClassifier(n_estimators=2, max_depth=2, random_state=0)
    forest.fit([[0, 1], [2, 3], [4, 5], [6, 7]], [0, 1, 0, 1])
    to.write("forest.pkl", pickle.dumps(forest, 4), "pickle.dumps, protocol 4", *unsafe)
    to.write("forest0.pkl", pickle.dumps(forest, 0), "pickle.dumps, protocol 0", *unsafe)


@maker("cloudpickle")
def cloudpickle_files(to):
    import cloudpickle

    to.write("function.cloudpickle", cloudpickle.dumps(lambda x: x + 1), "cloudpickle.dumps",
             "unsafe")


@maker("dill")
def dill_files(to):
    import dill

    to.write("function.dill", dill.dumps(lambda x: x + 1), "dill.dumps", "unsafe")


@maker("pandas")
def pandas_files(to):
    import pandas

    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    unsafe = ("unsafe", "pandas")
    frame.to_pickle(to.path("frame.pkl", "DataFrame.to_pickle", *unsafe))
    for ending in ("gz", "bz2", "xz", "zst", "zip", "tar"):
        frame.to_pickle(to.path(f"frame.pkl.{ending}", f"DataFrame.to_pickle, {ending}", *unsafe))
    frame.to_csv(to.path("frame.csv", "DataFrame.to_csv", "text"))
    frame.to_json(to.path("frame.json", "DataFrame.to_json", "text"))


@maker("numpy")
def numpy_files(to):
    import numpy

    objects = numpy.array([{"a": 1}, None], dtype=object)
    with open(to.path("objects.npy", "numpy.save(objects)", "unsafe", "NumPy"), "wb") as file:
        numpy.save(file, objects)
    with open(to.path("objects.npz", "numpy.savez(objects)", "unsafe", "NumPy"), "wb") as file:
        numpy.savez(file, a=numpy.arange(3), b=objects)
    record = numpy.zeros(2, dtype=[("a", "<f4"), ("b", "O")])
    with open(to.path("record.npy", "numpy.save(records)", "unsafe", "NumPy"), "wb") as file:
        numpy.save(file, record)
    numpy.arange(5).dump(to.path("array.dump", "ndarray.dump", "unsafe", "NumPy"))
    with open(to.path("array.npy", "numpy.save", "numpy"), "wb") as file:
        numpy.save(file, numpy.eye(3, dtype="f4"))
    with open(to.path("arrays.npz", "numpy.savez_compressed", "archive"), "wb") as file:
        numpy.savez_compressed(file, a=numpy.eye(3), b=numpy.arange(4))


@maker("keras", "torch", "h5py")
def keras_files(to):
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    def build(*layers):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), *layers])
        model.compile(loss="mse")
        return model

    plain, code = build(), build(keras.layers.Lambda(lambda x: x * 2))
    plain.save(to.path("dense.keras", "Model.save, .keras", "unknown"))
    code.save(to.path("lambda.keras", "Model.save with a Lambda", "unsafe", "Keras"))
    plain.save(to.path("dense.h5", "Model.save, .h5", "unknown"))
    code.save(to.path("lambda.h5", "Model.save with a Lambda, .h5", "unsafe", "Keras"))
    plain.save_weights(to.path("dense.weights.h5", "Model.save_weights", "unknown"))
    to.write("config.json", plain.to_json().encode(), "Model.to_json", "text")

    @keras.saving.register_keras_serializable("acme")
    class Twice(keras.layers.Layer):
        def call(self, x):
            return x * 2

    # Whoever loads it has to bring and register the class.
    build(Twice()).save(to.path("custom.keras", "Model.save with a registered class", "unknown"))


@maker("tensorflow_cpu")
def tensorflow_files(to):
    import tensorflow as tf

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(tf.ones((3, 2)))

        @tf.function(input_signature=[tf.TensorSpec((None, 3))])
        def __call__(self, x):
            return x @ self.w

    with tempfile.TemporaryDirectory() as folder:
        net = Net()
        tf.saved_model.save(net, folder)
        for source, name in (("saved_model.pb", "saved_model.pb"),
                             ("variables/variables.index", "variables.index"),
                             ("variables/variables.data-00000-of-00001", "variables.data")):
            shutil.copy(os.path.join(folder, source), to.path(name, "tf.saved_model.save", "unknown"))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        to.write("model.tflite", converter.convert(), "tf.lite.TFLiteConverter", "unknown")
    with tf.io.TFRecordWriter(to.path("data.tfrecord", "tf.io.TFRecordWriter", "unknown")) as file:
        file.write(b"example")


@maker("xgboost-cpu")
def xgboost_files(to):
    import numpy
    import xgboost

    x, y = numpy.arange(20.).reshape(10, 2), numpy.arange(10) % 2
    booster = xgboost.train({"max_depth": 1, "objective": "binary:logistic"},
                            xgboost.DMatrix(x, y), 1)
    booster.save_model(to.path("booster.json", "Booster.save_model, JSON", "text"))
    booster.save_model(to.path("booster.ubj", "Booster.save_model, UBJSON", "unknown"))
    to.write("booster.pkl", pickle.dumps(booster), "pickle.dumps(Booster)", "unsafe", "XGBoost")


@maker("lightgbm")
def lightgbm_files(to):
    import lightgbm
    import numpy

    x, y = numpy.arange(60.).reshape(30, 2), numpy.arange(30) % 2
    booster = lightgbm.train({"verbose": -1, "min_data_in_leaf": 2, "num_leaves": 2},
                             lightgbm.Dataset(x, y), 1)
    booster.save_model(to.path("lightgbm.txt", "Booster.save_model", "text"))
    to.write("lightgbm.pkl", pickle.dumps(booster), "pickle.dumps(Booster)", "unsafe", "LightGBM")


@maker("catboost")
def catboost_files(to):
    import catboost

    model = catboost.CatBoostClassifier(iterations=1, depth=1, verbose=False,
                                        allow_writing_files=False)
    model.fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    model.save_model(to.path("model.cbm", "CatBoost.save_model", "unknown"))
    to.write("catboost.pkl", pickle.dumps(model), "pickle.dumps", "unsafe", "CatBoost")


@maker("skops", "scikit-learn")
def skops_files(to):
    import skops.io
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0], [1]], [0, 1])
    skops.io.dump(model, to.path("model.skops", "skops.io.dump", "archive"))


@maker("paddlepaddle")
def paddle_files(to):
    import paddle

    net = paddle.nn.Linear(3, 2)
    # A dict of arrays, which says nothing of the framework.
    paddle.save(net.state_dict(), to.path("paddle.pdparams", "paddle.save(state_dict)", "unsafe",
                                          "NumPy"))
    with tempfile.TemporaryDirectory() as folder:
        paddle.jit.save(net, folder + "/m", input_spec=[paddle.static.InputSpec([1, 3])])
        for name in sorted(os.listdir(folder)):
            kind = "text" if name.endswith(".json") else "unknown"
            shutil.copy(os.path.join(folder, name), to.path("paddle_" + name, "paddle.jit.save",
                                                            kind))


@maker("flax")
def flax_files(to):
    import flax.serialization
    import numpy

    to.write("params.msgpack", flax.serialization.to_bytes({"w": numpy.eye(2, dtype="f4")}),
             "flax.serialization.to_bytes", "unknown")


@maker("safetensors")
def safetensors_files(to):
    import numpy
    import safetensors.numpy

    to.write("model.safetensors", safetensors.numpy.save({"w": numpy.eye(3, dtype="f4")},
                                                         metadata={"format": "pt"}),
             "safetensors.numpy.save", "safetensors")


@maker("gguf")
def gguf_files(to):
    import gguf
    import numpy

    writer = gguf.GGUFWriter(to.path("model.gguf", "gguf.GGUFWriter", "unknown"), "llama")
    writer.add_tensor("w", numpy.eye(8, dtype="f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@maker("onnx")
def onnx_files(to):
    import numpy
    import onnx
    from onnx import helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", 1, [1, 3])],
        [helper.make_tensor_value_info("y", 1, [1, 2])],
        [numpy_helper.from_array(numpy.ones((3, 2), "f4"), "w")])
    model = helper.make_model(graph)
    onnx.save(model, to.path("small.onnx", "onnx.save", "onnx"))
    onnx.save(model, to.path("small.textproto", "onnx.save, text", "text"), format="textproto")
    to.write("tensor.pb", graph.initializer[0].SerializeToString(), "TensorProto", "tensor")


@maker("pyarrow")
def arrow_files(to):
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    table = pyarrow.table({"a": [1, 2, 3]})
    pyarrow.parquet.write_table(table, to.path("data.parquet", "parquet.write_table", "unknown"))
    pyarrow.feather.write_feather(table, to.path("data.feather", "write_feather", "unknown"))


@maker("pillow")
def image_files(to):
    from PIL import Image

    image = Image.linear_gradient("L").resize((24, 24)).convert("RGB")
    for name, options in (("png", {}), ("jpg", {"progressive": True}), ("gif", {}), ("bmp", {}),
                          ("webp", {"lossless": True})):
        image.save(to.path("image." + name, "Image.save", "image"), **options)


@maker("sentencepiece")
def sentencepiece_files(to):
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat", "a dog ran", "the dog sat on the mat"] * 20),
        model_writer=model, vocab_size=30, hard_vocab_limit=False, minloglevel=2,
        normalization_rule_name="identity")
    to.write("tokenizer.model", model.getvalue(), "SentencePieceTrainer.train", "tokenizer")


@maker("tokenizers")
def tokenizer_files(to):
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.train_from_iterator(["the cat sat"] * 3, tokenizers.trainers.BpeTrainer(
        vocab_size=40, show_progress=False))
    tokenizer.save(to.path("tokenizer.json", "Tokenizer.save", "text"))


@maker("coremltools")
def coreml_files(to):
    # It imports both if they are there, which they don't stand.
    sys.modules["torch"] = sys.modules["tensorflow"] = None
    from coremltools.converters.mil import Builder
    import coremltools

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 3))])
    def program(x):
        return Builder.relu(x=x)

    model = coremltools.convert(program, convert_to="neuralnetwork", minimum_deployment_target=None)
    to.write("model.mlmodel", model.get_spec().SerializeToString(), "coremltools.convert",
             "unknown")


@maker("pip")
def python_files(to):
    to = Writer("CPython", sys.version.split()[0])
    data = {"a": [1, 2.5], "b": ("x", None)}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        to.write(f"data{protocol}.pickle", pickle.dumps(data, protocol),
                 f"pickle.dumps, protocol {protocol}", "unsafe")
    content = pickle.dumps(data)
    for name, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        to.write(f"data.pickle.{name}", pack(content), f"pickle.dumps, {name}", "unsafe")
    to.write("code.marshal", marshal.dumps(compile("1 + 1", "x", "eval")), "marshal.dumps",
             "unknown")
    to.write("vocabulary.txt", "\n".join(["[PAD]", "[UNK]", "the", "##s"]).encode(), "open().write",
             "text")
    to.write("settings.json", json.dumps({"do_lower_case": True}).encode(), "json.dumps", "text")


def make_one(packages, make):
    """In a process of its own: some frameworks don't stand each other."""
    try:
        versions = {package: importlib.metadata.version(package) for package in packages}
    except importlib.metadata.PackageNotFoundError as missing:
        print(f"{make.__name__}: left out, {missing} is not installed", file=sys.stderr)
        return
    make(Writer(packages[0], versions[packages[0]]))
    with open(TABLE, "a", encoding="utf-8") as table:
        table.writelines("\t".join(row) + "\n" for row in ROWS)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    open(TABLE, "w", encoding="utf-8").close()
    for maker_ in MAKERS:
        child = multiprocessing.Process(target=make_one, args=maker_)
        child.start()
        child.join()
        if child.exitcode != 0:
            print(f"{maker_[1].__name__}: ended with {child.exitcode}", file=sys.stderr)
    with open(TABLE, encoding="utf-8") as table:
        rows = sorted(table)
    with open(TABLE, "w", encoding="utf-8") as table:
        table.write("# " + "\t".join(("file", "package", "with", "kind", "framework")) + "\n")
        table.writelines(rows)


if __name__ == "__main__":
    main()
