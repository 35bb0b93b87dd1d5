"""The works of `experiments/run bench` in plain PyTorch, each in the ways that eager PyTorch offers.

usage: torch_works.py WORK cpu|cuda[:N] THREADS name=value ...     (the size, in the words of bench.csv)

On a GPU everything is float32 as it is on the processor (no TF32), and modules also run through torch.compile, where it can. Prints the names of its ways in one line, tabs between them; then answers each line "WAY<tab>SECONDS" on standard input with the mean
seconds of a run, having run it again and again for about that long. `experiments/run bench --peers` starts it."""
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

INPUTS = 6  # in turn, so that each run finds other rows of a table
ON_GPU = len(sys.argv) > 2 and sys.argv[2] != "cpu"


def modes(name, module, work):
    """A work of a module as it is and, on a GPU, compiled."""
    ways = {name: work(module)}
    if ON_GPU and hasattr(torch, "compile"):
        compiled = work(torch.compile(module))
        try:
            compiled()
            ways[name + " compiled"] = compiled
        except Exception as failure:  # torch.compile takes many kinds of code, and refuses others in many ways
            print("torch.compile does not take this", name, "work:", str(failure).split("\n")[0], file=sys.stderr)
    return ways


def product(s):
    a, b = torch.randn(s["m"], s["k"]), torch.randn(s["k"], s["n"])
    c = torch.empty(s["m"], s["n"])
    return {"mm": lambda: torch.mm(a, b, out=c)}


def grouped(s):
    x, w = torch.randn(s["experts"], s["m"], s["k"]), torch.randn(s["experts"], s["k"], s["n"])
    y = torch.empty(s["experts"], s["m"], s["n"])
    xs, ws, ys = x.unbind(0), w.unbind(0), y.unbind(0)

    def loop():
        for a, b, c in zip(xs, ws, ys):
            torch.mm(a, b, out=c)
    return {"bmm": lambda: torch.bmm(x, w, out=y), "loop": loop}


def elementwise(s):
    x = torch.randn(s["n"])
    y = torch.empty_like(x)
    gain, bias = torch.randn(256), torch.randn(256)
    return {"eager": {"exp": lambda: torch.exp(x, out=y), "tanh": lambda: torch.tanh(x, out=y), "gelu": lambda: F.gelu(x),
                      "softplus": lambda: F.softplus(x), "softmax": lambda: F.softmax(x.view(-1, 1024), -1),
                      "layernorm": lambda: F.layer_norm(x.view(-1, 256), (256,), gain, bias)}[s["function"]]}


def attend(q, k, v):
    """Causal; torch 2 has a fused kernel, before there is none."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    t = q.size(-2)
    mask = torch.full((t, t), float("-inf")).triu(1)
    return (q @ k.transpose(-1, -2) * q.size(-1) ** -0.5 + mask).softmax(-1) @ v


def attention(s):
    q, k, v, dy = (torch.randn(s["batch"], s["heads"], s["time"], s["dim"]) for _ in range(4))
    return {"eager": passes(s["pass"], lambda x: attend(x, k, v), [q], dy, [k, v])}


def passes(kind, call, inputs, dy, weights, optimizers=()):
    """Forward; and backward; and the optimizers' steps."""
    turn = 0

    def run():
        nonlocal turn
        turn += 1
        x = inputs[turn % len(inputs)]
        if kind == "forward":
            with torch.no_grad():
                return call(x)
        for w in [x, *weights]:
            w.grad = None
        call(x).backward(dy)
        for o in optimizers:
            o.step()
    if kind != "forward":
        for w in [*inputs, *weights]:
            w.requires_grad_(True)
    return run


class Peer(nn.Module):
    """PEER (He 2024): per-head sub-keys, the softmax of the top k scores as gates, GELU; tables with sparse gradients."""

    def __init__(self, s):
        super().__init__()
        self.heads, self.topk, self.side, d = s["heads"], s["topk"], round(s["experts"] ** 0.5), s["dim"]
        self.query = nn.Linear(d, self.heads * d, bias=False)
        self.keys = nn.Parameter(torch.randn(2, self.heads, d // 2, self.side) * d ** -0.5)
        self.down, self.up = (nn.Embedding(s["experts"], d, sparse=True, _weight=torch.empty(s["experts"], d).uniform_(-0.1, 0.1)) for _ in "du")

    def forward(self, x):
        t, d = x.shape
        q = self.query(x).view(t, self.heads, 2, d // 2).permute(2, 1, 0, 3)
        (a, i), (b, j) = (side.topk(self.topk, -1) for side in (q @ self.keys).unbind(0))  # each (H, T, K)
        score, place = (a[..., :, None] + b[..., None, :]).flatten(-2).topk(self.topk, -1)
        ids = (i[..., :, None] * self.side + j[..., None, :]).flatten(-2).gather(-1, place).permute(1, 0, 2).reshape(t, -1)
        gate = score.softmax(-1).permute(1, 0, 2).reshape(t, -1)
        hidden = F.gelu(torch.einsum("td,tsd->ts", x, self.down(ids))) * gate
        return torch.einsum("ts,tsd->td", hidden, self.up(ids))


def peer_step(s):
    m = Peer(s)
    xs = [torch.randn(s["tokens"], s["dim"]) for _ in range(INPUTS)]
    tables, rest = [m.down.weight, m.up.weight], [m.query.weight, m.keys]
    rate = 1e-12  # so small that repeating the step does not change what is retrieved
    optimizers = [torch.optim.SparseAdam(tables, lr=rate), torch.optim.Adam(rest, lr=rate)] if s["pass"] == "update" else []
    dy = torch.randn(s["tokens"], s["dim"])
    return modes("sparse", m, lambda call: passes(s["pass"], call, xs, dy, tables + rest, optimizers))


def moe_step(s):
    e, k, d, h, t = (s[n] for n in ("experts", "topk", "dim", "hidden", "tokens"))
    gate = torch.randn(d, e) * d ** -0.5
    w1, w2 = torch.randn(e, d, h) * d ** -0.5, torch.randn(e, h, d) * h ** -0.5

    def route(x):
        p, ids = (x @ gate).softmax(-1).topk(k, -1)
        order = ids.flatten().argsort()
        weights = (p / p.sum(-1, keepdim=True)).flatten()[order]
        return weights, order // k, torch.bincount(ids.flatten(), minlength=e), ids.flatten()[order]

    def loop(x):
        weights, tokens, counts, _ = route(x)
        rows = x[tokens].split(counts.tolist())
        y = torch.cat([F.gelu(r @ a) @ b for r, a, b in zip(rows, w1.unbind(0), w2.unbind(0))])
        return torch.zeros_like(x).index_add(0, tokens, y * weights[:, None])

    def padded(x):  # every expert takes as many rows as the busiest
        weights, tokens, counts, owner = route(x)
        place = torch.arange(t * k) - (counts.cumsum(0) - counts)[owner]
        rows = torch.zeros(e, int(counts.max()), d).index_put((owner, place), x[tokens])
        y = torch.bmm(F.gelu(torch.bmm(rows, w1)), w2)[owner, place]
        return torch.zeros_like(x).index_add(0, tokens, y * weights[:, None])
    xs, dy = [torch.randn(t, d) for _ in range(INPUTS)], torch.randn(t, d)
    return {name: passes(s["pass"], way, xs, dy, [gate, w1, w2]) for name, way in (("loop", loop), ("padded bmm", padded))}


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.f1, self.f2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(attend(q, k, v).transpose(1, 2).reshape(b, t, d))
        return x + self.f2(F.gelu(self.f1(self.n2(x))))


class Decoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        d = s["dim"]
        self.tokens, self.positions = nn.Embedding(s["vocabulary"], d), nn.Embedding(s["sequence"], d)
        self.blocks = nn.Sequential(*(Block(d, s["heads"]) for _ in range(s["layers"])))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, s["vocabulary"], bias=False)

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.tokens(ids) + self.positions.weight)))


def lm_step(s):
    m = Decoder(s)
    adam = torch.optim.AdamW(m.parameters(), lr=3e-4)
    ids, targets = (torch.randint(s["vocabulary"], (s["batch"], s["sequence"])) for _ in range(2))

    def work(call):
        def step():
            adam.zero_grad(set_to_none=True)
            F.cross_entropy(call(ids).flatten(0, 1), targets.flatten()).backward()
            adam.step()
        return step
    return modes("eager", m, work)


WORKS = {"sgemm": product, "skinny": product, "grouped": grouped, "elementwise": elementwise, "attention": attention,
         "peer-step": peer_step, "moe-step": moe_step, "lm-step": lm_step}


def seconds_per_run(run, at_least):
    start, runs = time.perf_counter(), 0
    while True:
        run()
        if ON_GPU:
            torch.cuda.synchronize()
        runs += 1
        seconds = time.perf_counter() - start
        if seconds >= at_least:
            return seconds / runs


def main():
    work, device, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    size = {n: int(v) if v.isdigit() else v for n, v in (word.split("=") for word in sys.argv[4:])}
    torch.set_num_threads(threads)
    if ON_GPU:
        torch.set_default_device(device)
    torch.manual_seed(0)
    label = "torch " + torch.__version__.split("+")[0] + " "
    ways = {label + name: run for name, run in WORKS[work](size).items()} if work in WORKS else {}
    print("\t".join(ways), flush=True)
    for line in sys.stdin:
        way, at_least = line.rstrip("\n").split("\t")
        print(seconds_per_run(ways[way], float(at_least)), flush=True)


if __name__ == "__main__":
    main()
