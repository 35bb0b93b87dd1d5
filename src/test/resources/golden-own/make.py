"""Makes the reference cases beside this file with PyTorch: python3 make.py. They have the format of ../golden (see its README.md).

The formulas are written down here from the descriptions of the public code they stand for, in plain tensor operations and float64;
PyTorch differentiates them. Each case is one that no file of ../golden covers.
"""
import json
import math
import pathlib
import struct

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
KINDS = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64"}


def random(*shape, scale=1.0):
    return torch.randn(shape) * scale


def write(name, config, tensors):
    """A safetensors file: header length, header, data; the widest types first."""
    header = {"__metadata__": {"format": "golden-v1", "case": name, "family": name.split("/")[0], "config": json.dumps(config)}}
    end, data = 0, []
    for key, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        values = tensor.detach().contiguous().numpy().tobytes()
        header[key] = {"dtype": KINDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [end, end + len(values)]}
        end += len(values)
        data.append(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path = HERE / (name + ".safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def case(name, config, given, forward, objective=None):
    """One case: given tensors by full name, outputs as forward(given) has them, the gradients of a random sum over some of them."""
    torch.manual_seed(sum(name.encode()))
    leaves = {key: value.double().requires_grad_(not key.startswith("noise.")) if value.is_floating_point() else value for key, value in given.items()}
    outputs = forward(leaves)
    tensors = dict(given)
    loss = 0
    for key, value in outputs.items():
        tensors[("f64." if value.is_floating_point() else "") + "out." + key] = value
        if value.is_floating_point() and (objective is None or key in objective):
            tensors["up." + key] = random(*value.shape)
            loss = loss + (tensors["up." + key].double() * value).sum()
    tensors["f64.loss"] = loss
    wanted = {key: value for key, value in leaves.items() if value.requires_grad}
    gradients = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True)
    for (key, value), gradient in zip(wanted.items(), gradients):
        tensors["f64.grad." + key] = torch.zeros_like(value) if gradient is None else gradient
    write(name, config, tensors)


def engine():
    weights = {f"w.{kind}_{part}_l{layer}": random(*size, scale=0.5) for layer, width in enumerate((3, 5)) for part, columns in (("ih", width), ("hh", 5))
               for kind, size in (("weight", (15, columns)), ("bias", (15,)))}
    order = [f"w.{kind}_{part}_l{layer}" for layer in range(2) for kind in ("weight", "bias") for part in ("ih", "hh")]
    case("engine/gru_2layer", {"B": 2, "T": 4, "hidden": 5, "input": 3, "layers": 2}, {"in.x": random(4, 2, 3), "in.h0": random(2, 2, 5), **weights},
         lambda g: dict(zip(("y", "hn"), torch.gru(g["in.x"], g["in.h0"], [g[key] for key in order], True, 2, 0.0, False, False, False))))

    case("engine/lstm_nobias", {"B": 3, "T": 4, "hidden": 5, "input": 2, "layers": 1, "proj": 0},
         {"in.x": random(4, 3, 2), "in.h0": random(1, 3, 5), "in.c0": random(1, 3, 5), "w.weight_ih_l0": random(20, 2), "w.weight_hh_l0": random(20, 5)},
         lambda g: dict(zip(("y", "hn", "cn"), torch.lstm(g["in.x"], (g["in.h0"], g["in.c0"]), [g["w.weight_ih_l0"], g["w.weight_hh_l0"]], False, 1, 0.0,
                                                          False, False, False))))

    def interleaved(g):
        x = g["in.x"]
        angle = torch.arange(3, 3 + x.shape[2]).double()[:, None] * 500.0 ** (-torch.arange(0, x.shape[3], 2).double() / x.shape[3])
        even, odd = x[..., 0::2], x[..., 1::2]
        return {"y": torch.stack([even * angle.cos() - odd * angle.sin(), odd * angle.cos() + even * angle.sin()], -1).flatten(-2)}

    case("engine/rope_interleaved", {"base": 500.0, "first_position": 3, "x": [2, 3, 4, 6]}, {"in.x": random(2, 3, 4, 6)}, interleaved)
    case("engine/embedding_bag_mean", {"dim": 3, "vocab": 7}, {"in.ids": torch.randint(0, 7, (4, 3)), "w.weight": random(7, 3)},
         lambda g: {"y": g["w.weight"][g["in.ids"]].mean(1)})


def positions(mask):
    """Where each entry of a 0/1 mask stands among those before it in its column."""
    return mask.cumsum(0) - mask


def deepspeed():
    def buffers(gates, mask, place, capacity):
        """(S,E,C): the gate of every kept choice at its place."""
        kept = mask.bool() & (place < capacity)
        return gates[..., None] * (F.one_hot((place * kept).long(), capacity) * kept[..., None])

    def top1(g):
        gates = g["in.logits"].softmax(1)
        mask = F.one_hot(gates.argmax(1), 4) * g["in.used_token"][:, None]
        combine = buffers(gates, mask, positions(mask), 12)
        return {"combine": combine, "dispatch": (combine > 0).long(), "exp_counts": mask.sum(0), "l_aux": 4 * (gates.mean(0) * mask.double().mean(0)).sum()}

    case("gshard_deepspeed/top1_used_token", {"E": 4, "S": 12, "capacity_factor": 4.0, "k": 1, "min_capacity": 1},
         {"in.logits": random(12, 4), "in.used_token": torch.tensor([1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1])}, top1, {"combine", "l_aux"})

    def best(g):
        gates = g["in.logits"].softmax(1)
        top = gates.argmax(1, keepdim=True)
        mask = torch.zeros_like(gates).scatter(1, top, 1)
        rank = torch.where(mask.bool(), gates, torch.zeros(()).double()).argsort(0, descending=True).argsort(0)
        kept = mask * (rank < 3)
        sums = (gates * kept).sum(1, keepdim=True).clamp(min=torch.finfo(torch.float64).eps)
        combine = buffers(gates * kept / sums, kept, positions(kept), 3)
        return {"combine": combine, "dispatch": (combine > 0).long(), "exp_counts": mask.sum(0).long(), "top_indices": top,
                "l_aux": 4 * (gates.mean(0) * mask.mean(0)).sum()}

    case("gshard_deepspeed/topk_probs_k1", {"E": 4, "S": 12, "capacity_factor": 0.75, "k": 1, "min_capacity": 1}, {"in.logits": random(12, 4)}, best,
         {"combine", "l_aux"})


def two_levels():
    outer, inner, batch, time, dim, hidden = 2, 3, 2, 9, 6, 5
    capacity = 6                                                                    # int(9 * 1.5 / 2)

    def gating(p, importance, chance, threshold):
        """combine (..,n,E,C) and the balance loss of top-2 gating over groups of n."""
        n, experts = p.shape[-2:]
        room = max(min(n, int(n * 1.5 / experts)), 4)
        full = (importance == 1).double()[..., None]
        first = F.one_hot(p.argmax(-1), experts) * full
        second = F.one_hot((p * (1 - first)).argmax(-1), experts) * (importance > 0).double()[..., None]
        gate1, gate2 = (p * first).sum(-1), (p * F.one_hot((p * (1 - first)).argmax(-1), experts)).sum(-1)
        gate1, gate2 = gate1 / (gate1 + gate2 + 1e-9), gate2 / (gate1 + gate2 + 1e-9)
        loss = ((p * full).mean(-2) * first.mean(-2)).mean() * experts ** 2
        if chance is not None:
            second = second * (chance < gate2 / threshold)[..., None]
        place1 = first.cumsum(-2) - first
        kept1 = first * (place1 < room)
        place2 = second.cumsum(-2) - second + kept1.sum(-2, keepdim=True)
        kept2 = second * (place2 < room)
        slots = lambda gate, kept, place: gate[..., None, None] * kept[..., None] * F.one_hot((place * kept).long(), room)
        return slots(gate1, kept1, place1) + slots(gate2, kept2, place2), loss

    def forward(threshold):
        def layer(g):
            x = g["in.x"]
            combine, loss = gating((x @ g["w.gate_outer.w_gating"]).softmax(-1), torch.ones(batch, time), g.get("noise.uniform_outer"), threshold)
            groups = torch.einsum("bnd,bnec->ebcd", x, (combine > 0).double())
            weight = combine.permute(2, 0, 3, 1).sum(-1)
            importance = 0.5 * ((weight > 0.5).double() + (weight > 0).double())
            p = torch.einsum("ebcd,edf->ebcf", groups, g["w.gate_inner.w_gating"]).softmax(-1)
            within, more = gating(p, importance, g.get("noise.uniform_inner"), threshold)
            rows = torch.einsum("ebnd,ebnfc->efbcd", groups, (within > 0).double())
            out = torch.einsum("efbch,efhd->efbcd", F.gelu(torch.einsum("efbcd,efdh->efbch", rows, g["w.experts.w1"])), g["w.experts.w2"])
            y = torch.einsum("ebcd,bnec->bnd", torch.einsum("efbcd,ebnfc->ebnd", out, within), combine)
            return {"y": y, "loss": 0.1 * (loss + more)}
        return layer

    given = {"in.x": random(batch, time, dim), "w.gate_outer.w_gating": random(dim, outer), "w.gate_inner.w_gating": random(outer, dim, inner),
             "w.experts.w1": random(outer, inner, dim, hidden), "w.experts.w2": random(outer, inner, hidden, dim)}
    config = {"B": batch, "D": dim, "H": hidden, "N": time, "capacity_factor": 1.5, "inner": inner, "loss_coef": 0.1, "outer": outer}
    draws = {"noise.uniform_outer": torch.rand(batch, time), "noise.uniform_inner": torch.rand(outer, batch, capacity)}
    case("gshard_lucid/hier_2x3_random", {**config, "policy": "random", "threshold": 0.4}, {**given, **draws}, forward(0.4))


def product_keys(q, keys, k, first_fastest):
    """The k best sums of a score from each side, q (..,2,h,d) against keys (h,n,2,d): scores and slots (..,h,k)."""
    n = keys.shape[1]
    best = [torch.einsum("...hd,hnd->...hn", q[..., side, :, :], keys[:, :, side]).topk(k, -1) for side in range(2)]
    sums = (best[0].values[..., :, None] + best[1].values[..., None, :]).flatten(-2)
    strides = (1, n) if first_fastest else (n, 1)
    slots = (best[0].indices[..., :, None] * strides[0] + best[1].indices[..., None, :] * strides[1]).flatten(-2)
    top = sums.topk(k, -1)
    return top.values, slots.gather(-1, top.indices)


def peer():
    dim, heads, side, k = 6, 2, 5, 3

    def adapters(g):
        x = g["in.x"]
        scores, slots = product_keys((x @ g["w.to_queries.0.weight"].T).unflatten(-1, (2, heads, 3)), g["w.keys"], k, False)
        gates = scores.softmax(-1)
        low = lambda z, part: torch.einsum("bthk,bthkd->btd", torch.einsum("btd,bthkd->bthk", z, g[f"w.{part}_lora_a.weight"][slots]) * gates,
                                           g[f"w.{part}_lora_b.weight"][slots])
        h = F.silu(x @ g["w.proj_in.weight"].T + low(x, "proj_in"))
        return {"indices": slots, "scores": scores, "y": h @ g["w.proj_out.weight"].T + low(h, "proj_out")}

    tables = {f"w.{part}_lora_{ab}.weight": random(side * side, width, scale=0.3) for part, wide in (("proj_in", 9), ("proj_out", 6))
              for ab, width in (("a", 15 - wide), ("b", wide))}
    case("peer/lora_silu", {"activation": "silu", "heads": heads, "num_experts": side * side, "num_experts_per_head": k, "non_competing_scores": False},
         {"in.x": random(2, 4, dim), "w.keys": random(heads, side, 2, 3), "w.to_queries.0.weight": random(12, dim), "w.proj_in.weight": random(9, dim),
          "w.proj_out.weight": random(dim, 9), **tables}, adapters, {"y"})

    def attention(causal):
        def layer(g):
            x = g["in.x"]
            if "w.norm.gamma" in g:
                x = F.normalize(x, dim=-1) * dim ** 0.5 * (g["w.norm.gamma"] + 1)
            keys = g["w.to_kv_pk_indices.keys"].permute(2, 1, 0, 3)                # (P, N, H, d) as (H, N, P, d)
            scores, slots = product_keys((x @ g["w.to_kv_pk_indices.to_queries.0.weight"].T).unflatten(-1, (2, 8, 3)), keys, k, True)
            rows = slots + torch.arange(8)[:, None] * side * side
            key, value = ((g[f"w.{table}.weight"][rows] * scores.softmax(-1)[..., None]).sum(-2) for table in ("keys", "values"))
            query = (x @ g["w.to_queries.0.weight"].T).unflatten(-1, (8, dim)) * dim ** -0.5
            logits = torch.einsum("bihd,bjhd->bhij", query, key)
            if causal:
                logits = logits.masked_fill(torch.ones(4, 4).triu(1).bool(), -math.inf)
            elif "in.mask" in g:
                logits = logits.masked_fill(g["in.mask"][:, None, None] == 0, -math.inf)
            y = torch.einsum("bhij,bjhd->bihd", logits.softmax(-1), value).flatten(-2)
            return {"indices": slots, "y": y @ g["w.to_out.1.weight"].T}
        return layer

    given = {"in.x": random(2, 4, dim), "w.to_queries.0.weight": random(48, dim, scale=0.4), "w.keys.weight": random(200, dim), "w.values.weight": random(200, dim),
             "w.to_kv_pk_indices.keys": random(2, side, 8, 3), "w.to_kv_pk_indices.to_queries.0.weight": random(48, dim),
             "w.to_out.1.weight": random(dim, 48, scale=0.2)}
    config = {"heads": 8, "num_key_values": 25, "key_value_pk_topk": k, "product_keys": 2}
    case("peer/pk_attention", {**config, "causal": True}, {**given, "w.norm.gamma": random(dim, scale=0.1)}, attention(True), {"y"})
    case("peer/pk_attention_mask", {**config, "causal": False}, {**given, "in.mask": torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])}, attention(False), {"y"})


def memories():
    heads, side, k, width = 2, 5, 4, 6

    def concatenated(g):
        q = F.layer_norm((g["in.x"] @ g["w.to_queries.weight"].T).unflatten(-1, (2, heads, 4)), (4,), g["w.norm.weight"], g["w.norm.bias"])
        scores, slots = product_keys(q, g["w.keys"], k, False)
        y = g["w.values.weight"][slots].sum(-2).flatten(-2) @ g["w.maybe_concat_combine.2.weight"].T
        return {"indices": slots, "raw_scores": scores, "y": y}

    case("pkm_lucid/concat", {"dim_head": 4, "heads": heads, "num_keys": side, "topk": k, "concat_values_and_combine": True},
         {"in.x": random(2, 3, 5), "w.keys": random(heads, side, 2, 4), "w.norm.weight": 1 + random(4, scale=0.2), "w.norm.bias": random(4, scale=0.2),
          "w.to_queries.weight": random(16, 5), "w.values.weight": random(25, 4), "w.maybe_concat_combine.2.weight": random(5, 8)}, concatenated, {"y"})

    def memory(query, regate, unit=False, size=None):
        def layer(g):
            x = g["in.x"]
            q = query(g, x).reshape(len(x) * heads, width)
            halves = q.view(len(x), heads, 2, 3).transpose(1, 2)
            if unit:
                halves = halves / halves.norm(dim=-1, keepdim=True)
            scores, slots = product_keys(halves, g["w.keys"].transpose(1, 2), k, False)
            y = (g["w.values.weight"][slots if size is None else slots % size] * regate(scores)[..., None]).sum((1, 2))
            return {"query": q, "indices": slots.flatten(0, 1), "raw_scores": scores.flatten(0, 1), "y": y}
        return layer

    def linear(g, x):
        return F.linear(x, g["w.query_proj.query_mlps.0.weight"], g.get("w.query_proj.query_mlps.0.bias"))

    def normed(g, x):
        name = "query_proj.query_mlps.1."
        return F.batch_norm(linear(g, x), g.get("noise." + name + "running_mean"), g.get("noise." + name + "running_var"), g[f"w.{name}weight"], g[f"w.{name}bias"],
                            training="noise." + name + "running_mean" not in g)

    def flattened(scores):
        return scores / scores.abs().sum(-1, keepdim=True)

    config = {"heads": heads, "implementation": "pq_fast", "k_dim": width, "knn": k, "n_keys": side, "query_layer_sizes": "0,0", "train": True}
    given = {"in.x": random(7, width), "w.keys": random(heads, 2, side, 3), "w.values.weight": random(25, 4)}
    network = {"w.query_proj.query_mlps.0.weight": random(12, width), "w.query_proj.query_mlps.0.bias": random(12)}
    norm = {"w.query_proj.query_mlps.1.weight": 1 + random(12, scale=0.2), "w.query_proj.query_mlps.1.bias": random(12, scale=0.2)}
    running = {"noise.query_proj.query_mlps.1.running_mean": random(12, scale=0.3), "noise.query_proj.query_mlps.1.running_var": 0.5 + torch.rand(12)}
    softmax = lambda scores: scores.softmax(-1)

    def add(name, options, query, regate, more, **how):
        case("pkm_xlm/" + name, {**config, **options}, {**given, **more}, memory(query, regate, **how), {"raw_scores", "y"})

    add("temperature", {"temperature": 2.0}, linear, lambda s: (s / 2).softmax(-1), network)
    add("scores_as_gates", {"score_softmax": False}, linear, lambda s: s, network)
    add("less_the_least", {"score_subtract": "min", "score_normalize": True}, linear, lambda s: flattened(s.softmax(-1) - s.softmax(-1).amin(-1, keepdim=True)), network)
    add("less_the_mean", {"score_softmax": False, "score_subtract": "mean"}, linear, lambda s: s - s.mean(-1, keepdim=True), network)
    add("less_the_median", {"score_subtract": "median"}, linear, lambda s: s.softmax(-1) - s.softmax(-1).median(-1, keepdim=True).values, network)
    add("modulo", {"modulo_size": 11}, linear, softmax, {**network, "w.values.weight": random(11, 4)}, size=11)
    add("no_bias", {"query_bias": False}, linear, softmax, {"w.query_proj.query_mlps.0.weight": random(12, width)})
    add("no_network", {"query_layer_sizes": ""}, lambda g, x: x.repeat_interleave(heads, 0), softmax, {})
    add("batchnorm_eval", {"query_batchnorm": True, "train": False}, normed, softmax, {**network, **norm, **running})
    add("batchnorm_unit", {"query_batchnorm": True, "normalize_query": True}, normed, softmax, {**network, **norm}, unit=True)


if __name__ == "__main__":
    torch.manual_seed(1)
    for family in (engine, deepspeed, two_levels, peer, memories):
        family()
