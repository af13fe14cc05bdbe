"""The peer of `npm run bench -- labelling`: a transformers pipeline on PyTorch in fp32, batch 32, as its users write it.

One line of JSON in, one line of JSON out: {"path", "model", "cores", "batch", "sorted"} -> {"seconds", "texts"}.
"""
import json
import sys
import time

import torch
from transformers import pipeline

pipelines = {}


def open_pipeline(folder):
    if folder not in pipelines:
        pipelines[folder] = pipeline("text-classification", model=folder, device="cpu", top_k=None)
    return pipelines[folder]


def label(request):
    torch.set_num_threads(request["cores"])
    with open(request["path"], encoding="utf8") as file:
        data = json.load(file)
    texts = [row["text"] for row in data["texts"]]
    classify = open_pipeline(request["model"])
    options = {
        "batch_size": request["batch"],
        "truncation": True,
        "max_length": data["maxLength"],
        "function_to_apply": "none",
    }
    classify(texts[:64], **options)
    started = time.perf_counter()
    if request["sorted"]:
        texts = sorted(texts, key=len)
    answers = classify(texts, **options)
    return {"seconds": time.perf_counter() - started, "texts": len(answers)}


for line in sys.stdin:
    try:
        reply = label(json.loads(line))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side shall say it
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
