"""PyTorch's side of `npm run bench -- training`: one line of JSON in, one line of JSON out.

Requests: open, steps, epoch, gradients, close. Weights come under the names that our students give them, which are
those of torch.nn.LSTM and of Hugging Face's BERT; texts come as folders of raw arrays.
"""
import json
import math
import pathlib
import resource
import struct
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

TEMPERATURE = 2.0
TABLE = "embeddings.word_embeddings.weight"


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[8 + length + begin : 8 + length + end], numpy.float32)
        yield name, torch.from_numpy(values.reshape(entry["shape"]).copy())


class BiLstm(nn.Module):
    """Embedding, torch.nn.LSTM, mean and max over the tokens, classifier."""

    def __init__(self, model, sparse):
        super().__init__()
        hidden = model["options"]["hidden"]
        self.table = nn.Embedding(model["vocabulary"], model["embedding"], sparse=sparse)
        self.lstm = nn.LSTM(model["embedding"], hidden, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(4 * hidden, model["classes"])
        self.packed = model.get("packed", False)

    def ours(self):
        return {TABLE if k == "table.weight" else k: v for k, v in self.named_parameters()}

    def forward(self, tokens, mask):
        x = self.table(tokens)
        if self.packed:
            x = nn.utils.rnn.pack_padded_sequence(
                x, mask.sum(1).long(), batch_first=True, enforce_sorted=False
            )
        states = self.lstm(x)[0]
        if self.packed:
            states = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)[0]
        given = mask.unsqueeze(2)
        mean = (states * given).sum(1) / mask.sum(1, keepdim=True)
        largest = (states + (given - 1) * 1e4).max(1).values
        return self.classifier(torch.cat([mean, largest], 1))


class Layer(nn.Module):
    """BERT's layer as PyTorch computes it fastest: q, k and v by one product, fused attention."""

    def __init__(self, hidden, intermediate, heads):
        super().__init__()
        self.heads = heads
        self.projection = nn.Linear(hidden, 3 * hidden)
        self.dense = nn.Linear(hidden, hidden)
        self.first_norm = nn.LayerNorm(hidden, eps=1e-12)
        self.inner = nn.Linear(hidden, intermediate)
        self.outer = nn.Linear(intermediate, hidden)
        self.second_norm = nn.LayerNorm(hidden, eps=1e-12)

    def forward(self, x, bias):
        batch, length, hidden = x.shape
        parts = self.projection(x).view(batch, length, 3, self.heads, hidden // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        mixed = mixed.transpose(1, 2).reshape(batch, length, hidden)
        x = self.first_norm(x + self.dense(mixed))
        return self.second_norm(x + self.outer(F.gelu(self.inner(x))))


class Transformer(nn.Module):
    """BERT's encoder, mean over the tokens, classifier."""

    NAMES = {
        "dense": "attention.output.dense",
        "first_norm": "attention.output.LayerNorm",
        "inner": "intermediate.dense",
        "outer": "output.dense",
        "second_norm": "output.LayerNorm",
    }

    def __init__(self, model, sparse):
        super().__init__()
        options, hidden = model["options"], model["embedding"]
        self.table = nn.Embedding(model["vocabulary"], hidden, sparse=sparse)
        self.positions = nn.Embedding(model["maxLength"], hidden)
        self.kinds = nn.Embedding(2, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        intermediate = options.get("intermediate", 4 * hidden)
        self.layers = nn.ModuleList(
            Layer(hidden, intermediate, options["heads"]) for _ in range(options["layers"])
        )
        self.classifier = nn.Linear(hidden, model["classes"])
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)

    def ours(self):
        """Our name of each parameter; of one that holds three of ours, the three names."""
        names = {TABLE: self.table.weight}
        names["embeddings.position_embeddings.weight"] = self.positions.weight
        names["embeddings.token_type_embeddings.weight"] = self.kinds.weight
        for part in ("weight", "bias"):
            names[f"embeddings.LayerNorm.{part}"] = getattr(self.norm, part)
            names[f"classifier.{part}"] = getattr(self.classifier, part)
            for index, layer in enumerate(self.layers):
                prefix = f"encoder.layer.{index}"
                for own, bert in self.NAMES.items():
                    names[f"{prefix}.{bert}.{part}"] = getattr(getattr(layer, own), part)
                three = tuple(f"{prefix}.attention.self.{n}.{part}" for n in ("query", "key", "value"))
                names[three] = getattr(layer.projection, part)
        return names

    def forward(self, tokens, mask):
        length = tokens.shape[1]
        x = self.norm(self.table(tokens) + self.positions.weight[:length] + self.kinds.weight[0])
        bias = ((mask - 1) * 1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias)
        given = mask.unsqueeze(2)
        return self.classifier((x * given).sum(1) / mask.sum(1, keepdim=True))


def by_our_names(network, read):
    for name, parameter in network.ours().items():
        if isinstance(name, tuple):
            yield from zip(name, read(parameter).chunk(len(name)))
        else:
            yield name, read(parameter)


def load_weights(network, path):
    with torch.no_grad():
        targets = dict(by_our_names(network, lambda parameter: parameter))
        for name, values in read_safetensors(path):
            targets.pop(name).copy_(values)
    if targets:
        raise ValueError(f"no weights for {sorted(targets)}")


def make_optimizers(network, kind, weight_decay):
    parameters = list(network.parameters())
    if kind == "default":
        return [torch.optim.AdamW(parameters, lr=1e-3, weight_decay=weight_decay)]
    if kind == "fused":
        return [torch.optim.AdamW(parameters, lr=1e-3, weight_decay=weight_decay, fused=True)]
    rest = [parameter for parameter in parameters if parameter is not network.table.weight]
    return [
        torch.optim.SparseAdam([network.table.weight], lr=1e-3),
        torch.optim.AdamW(rest, lr=1e-3, weight_decay=weight_decay, fused=True),
    ]


class Texts:
    """Piece ids one after the other, where each text starts, and the teacher's logits."""

    def __init__(self, request):
        classes = request["model"]["classes"]
        if request.get("texts") is None:
            rows, length = 20 * request["batch"], request["length"]
            tokens = torch.randint(request["model"]["vocabulary"], (rows * length,))
            self.tokens, self.offsets = tokens, numpy.arange(rows + 1) * length
            self.logits = torch.randn(rows, classes)
            return
        folder = pathlib.Path(request["texts"])
        tokens = numpy.fromfile(folder / "tokens.bin", numpy.int32).astype(numpy.int64)
        self.tokens = torch.from_numpy(tokens)
        self.offsets = numpy.fromfile(folder / "offsets.bin", numpy.int32)
        self.logits = torch.from_numpy(numpy.fromfile(folder / "logits.bin", numpy.float32))
        self.logits = self.logits.view(-1, classes)

    def __len__(self):
        return len(self.offsets) - 1

    def batch(self, rows):
        """Padded to the longest of them, as Hugging Face's DataCollatorWithPadding does."""
        texts = [self.tokens[self.offsets[row] : self.offsets[row + 1]] for row in rows]
        tokens = nn.utils.rnn.pad_sequence(texts, batch_first=True)
        lengths = torch.tensor([len(text) for text in texts])
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).float()
        return tokens, mask, self.logits[rows]


class Run:
    def __init__(self, request):
        torch.set_num_threads(request["threads"])
        torch.manual_seed(request.get("seed", 0))
        kind = request["optimizer"]
        build = BiLstm if request["model"]["student"] == "bilstm" else Transformer
        self.network = build({**request["model"], "packed": request.get("packed", False)}, kind == "sparse")
        if request.get("weights"):
            load_weights(self.network, request["weights"])
        self.threads = request["threads"]
        self.clip = request.get("clipNorm")
        self.optimizers = make_optimizers(self.network, kind, request["weightDecay"])
        self.texts, self.size = Texts(request), request["batch"]
        self.batches, self.made = None, 0

    def loss(self, batch):
        tokens, mask, teacher = batch
        logits = self.network(tokens, mask)
        student = F.log_softmax(logits / TEMPERATURE, -1)
        target = F.log_softmax(teacher / TEMPERATURE, -1)
        divergence = F.kl_div(student, target, reduction="batchmean", log_target=True)
        return divergence * TEMPERATURE**2

    def step(self, batch):
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss = self.loss(batch)
        loss.backward()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.item()

    def steps(self, count):
        if self.batches is None:
            starts = range(0, len(self.texts) - self.size + 1, self.size)
            self.batches = [self.texts.batch(list(range(at, at + self.size))) for at in starts]
        losses = []
        for _ in range(count):
            losses.append(self.step(self.batches[self.made % len(self.batches)]))
            self.made += 1
        return losses

    def epoch(self):
        order = torch.randperm(len(self.texts)).tolist()
        return [
            self.step(self.texts.batch(order[at : at + self.size]))
            for at in range(0, len(order), self.size)
        ]

    def compare_gradients(self, path):
        """Largest difference to our gradients, each tensor's relative to its own largest element."""
        loss = self.loss(self.texts.batch(list(range(self.size))))
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        theirs = dict(by_our_names(self.network, lambda parameter: parameter.grad))
        worst = (-1.0, "")
        for name, values in read_safetensors(path):
            gradient = theirs.pop(name)
            # Where a gradient is zero but for rounding (the keys' biases), it is held against a small number instead.
            scale = max(gradient.abs().max().item(), 1e-5)
            worst = max(worst, ((values - gradient).abs().max().item() / scale, name))
        if theirs:
            raise ValueError(f"no gradients for {sorted(theirs)}")
        return {"loss": loss.item(), "difference": worst[0], "tensor": worst[1]}


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(work):
    processor, started = processor_seconds(), time.perf_counter()
    losses = work()
    seconds = time.perf_counter() - started
    if not all(math.isfinite(loss) for loss in losses):
        raise ValueError("a loss is not finite")
    cpu = processor_seconds() - processor
    return {"seconds": seconds, "cpuSeconds": cpu, "steps": len(losses), "losses": losses}


def answer(runs, request):
    what, name = request["do"], request.get("id")
    if what == "open":
        runs[name] = Run(request)
        return {"version": torch.__version__}
    if what == "close":
        del runs[name]
        return {}
    run = runs[name]
    torch.set_num_threads(run.threads)
    if what == "steps":
        return timed(lambda: run.steps(request["count"]))
    if what == "epoch":
        return timed(run.epoch)
    if what == "gradients":
        return run.compare_gradients(request["path"])
    raise ValueError(f"unknown request {what}")


def main():
    runs = {}
    for line in sys.stdin:
        try:
            reply = answer(runs, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other side shall say it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
