import module java.base;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.training.GradientCollector;

/**
 * Works of `experiments/run bench` in the PyTorch 2.7 that DJL brings, for a machine whose Python has an older one or none.
 *
 * usage: TorchWorks WORK cpu THREADS name=value ...     (as torch_works.py, and with its answers)
 *
 * Only what DJL's arrays offer without much code of ours: products, elementwise functions, attention, the MoE layer and the dense language model.
 * The same operations reach the same native library; DJL's own calls cost microseconds, and its AdamW is made of single operations in place.
 */
final class TorchWorks {
    private static final Engine ENGINE = Engine.getEngine("PyTorch");
    private static final NDManager ARRAYS = ENGINE.newBaseManager();

    private static Map<String, String> size;

    void main(String[] args) throws IOException {
        size = Stream.of(args).skip(3).map(word -> word.split("=")).collect(Collectors.toMap(w -> w[0], w -> w[1]));
        Map<String, Runnable> ways = new LinkedHashMap<>();
        ways(args[0]).forEach((name, way) -> ways.put(("torch " + ENGINE.getVersion() + " DJL " + name).strip(), way));
        IO.println(String.join("\t", ways.keySet()));
        var questions = new BufferedReader(new InputStreamReader(System.in));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            String[] words = line.split("\t");
            IO.println(secondsPerRun(ways.get(words[0]), Double.parseDouble(words[1])));
        }
    }

    private static double secondsPerRun(Runnable run, double atLeast) {
        long start = System.nanoTime();
        int runs = 0;
        double seconds;
        do {
            run.run();
            runs++;
            seconds = 1e-9 * (System.nanoTime() - start);
        } while (seconds < atLeast);
        return seconds / runs;
    }

    /** Those that do a work, by what tells them apart. */
    private static Map<String, Runnable> ways(String work) {
        if (work.equals("moe-step")) return new Mixture().ways();
        Runnable only = way(work);
        return only == null ? Map.of() : Map.of("", only);
    }

    private static Runnable way(String work) {
        return switch (work) {
            case "sgemm", "skinny" -> value(NDArray::matMul, normal(n("m"), n("k")), normal(n("k"), n("n")));
            case "grouped" -> value(NDArray::matMul, normal(n("experts"), n("m"), n("k")), normal(n("experts"), n("k"), n("n")));
            case "elementwise" -> elementwise(size.get("function"));
            case "attention" -> attention();
            case "lm-step" -> new Decoder()::step;
            default -> null;
        };
    }

    private static int n(String name) {
        return Integer.parseInt(size.get(name));
    }

    private static NDArray normal(long... shape) {
        return ARRAYS.randomNormal(0, 0.02f, new Shape(shape), DataType.FLOAT32);
    }

    /** Runs f(a, b), whose result is freed at once. */
    private static Runnable value(BinaryOperator<NDArray> f, NDArray a, NDArray b) {
        return () -> {
            try (NDManager step = ARRAYS.newSubManager()) {
                step.tempAttachAll(a, b);
                f.apply(a, b);
            }
        };
    }

    private static Runnable elementwise(String function) {
        NDArray x = normal(n("n"));
        NDArray gain = normal(256);
        UnaryOperator<NDArray> f = switch (function) {
            case "exp" -> NDArray::exp;
            case "tanh" -> NDArray::tanh;
            case "gelu" -> v -> v.getNDArrayInternal().gelu();
            case "softmax" -> v -> v.reshape(-1, 1024).softmax(-1);
            case "layernorm" -> v -> norm(v.reshape(-1, 256), gain, gain);
            default -> null;
        };
        return f == null ? null : value((a, _) -> f.apply(a), x, gain);
    }

    private static NDArray norm(NDArray x, NDArray gain, NDArray bias) {
        return x.getNDArrayInternal().layerNorm(x, gain.getShape(), gain, bias, 1e-5f).head();
    }

    /** Causal; the mask is 0 or minus infinity. */
    private static NDArray attend(NDArray q, NDArray k, NDArray v, NDArray mask) {
        long width = q.getShape().get(3);
        return q.matMul(k.swapAxes(2, 3)).mul(Math.pow(width, -0.5)).add(mask).softmax(-1).matMul(v);
    }

    private static NDArray mask(int time) {
        float[] hidden = new float[time * time];
        for (int t = 0; t < time; t++) Arrays.fill(hidden, t * time + t + 1, (t + 1) * time, Float.NEGATIVE_INFINITY);
        return ARRAYS.create(hidden, new Shape(time, time));
    }

    private static Runnable attention() {
        NDList parts = new NDList();
        for (int i = 0; i < 4; i++) parts.add(normal(n("batch"), n("heads"), n("time"), n("dim")));
        NDArray mask = mask(n("time"));
        boolean gradient = size.get("pass").equals("gradient");
        if (gradient) parts.subNDList(0, 3).forEach(x -> x.setRequiresGradient(true));
        return () -> {
            try (NDManager step = ARRAYS.newSubManager()) {
                step.tempAttachAll(parts, mask);
                if (!gradient) {
                    attend(parts.get(0), parts.get(1), parts.get(2), mask);
                    return;
                }
                try (GradientCollector tape = ENGINE.newGradientCollector()) {
                    tape.backward(attend(parts.get(0), parts.get(1), parts.get(2), mask).mul(parts.get(3)).sum());
                }
            }
        };
    }

    /** The MoE layer of torch_works.py. */
    private static final class Mixture {
        private final int experts = n("experts");
        private final int topk = n("topk");
        private final int dim = n("dim");
        private final int hidden = n("hidden");
        private final int tokens = n("tokens");
        private final NDArray x = normal(tokens, dim).mul(50);
        private final NDArray dy = normal(tokens, dim);
        private final NDArray nothing = ARRAYS.zeros(new Shape(1, dim));
        private final NDArray gate = normal(dim, experts);
        private final NDArray w1 = normal(experts, dim, hidden);
        private final NDArray w2 = normal(experts, hidden, dim);
        private final NDList trained = new NDList(x, gate, w1, w2);

        Map<String, Runnable> ways() {
            Map<String, Runnable> ways = new LinkedHashMap<>();
            ways.put("loop", pass(this::loop));
            ways.put("padded bmm", pass(this::padded));
            return ways;
        }

        private Runnable pass(UnaryOperator<NDArray> banks) {
            boolean gradient = size.get("pass").equals("gradient");
            if (gradient) trained.forEach(w -> w.setRequiresGradient(true));
            return () -> {
                try (NDManager step = ARRAYS.newSubManager()) {
                    step.tempAttachAll(trained);
                    step.tempAttachAll(dy, nothing);
                    if (!gradient) {
                        layer(banks);
                        return;
                    }
                    try (GradientCollector tape = ENGINE.newGradientCollector()) {
                        tape.backward(layer(banks).mul(dy).sum());
                    }
                }
            };
        }

        /** The experts give each slot's output in the order of slots; gates sum to 1. */
        private NDArray layer(UnaryOperator<NDArray> banks) {
            NDList best = x.matMul(gate).softmax(-1).topK(topk, -1);
            NDArray weights = best.get(0).div(best.get(0).sum(new int[] {-1}, true));
            NDArray slots = banks.apply(best.get(1).flatten()).reshape(tokens, topk, dim);
            return slots.mul(weights.expandDims(-1)).sum(new int[] {1});
        }

        private NDArray loop(NDArray ids) {
            NDArray order = ids.argSort();
            long[] counts = counts(ids);
            long[] ends = new long[experts - 1];
            for (int e = 0; e < ends.length; e++) ends[e] = counts[e] + (e == 0 ? 0 : ends[e - 1]);
            NDList rows = rowsOf(x, order.div(topk).toType(DataType.INT64, false)).split(ends);
            NDList first = w1.split(experts);
            NDList second = w2.split(experts);
            NDList y = new NDList();
            for (int e = 0; e < experts; e++) y.add(gelu(rows.get(e).matMul(first.get(e).squeeze(0))).matMul(second.get(e).squeeze(0)));
            return rowsOf(NDArrays.concat(y), order.argSort());
        }

        /** Every expert takes as many rows as the busiest; the rest are of zeros. */
        private NDArray padded(NDArray ids) {
            long[] owner = ids.toLongArray();
            int most = (int) Arrays.stream(counts(ids)).max().orElseThrow();
            long[] tokenOf = new long[experts * most];
            Arrays.fill(tokenOf, tokens); // the row of zeros
            long[] place = new long[owner.length];
            int[] taken = new int[experts];
            for (int slot = 0; slot < owner.length; slot++) {
                int e = (int) owner[slot];
                place[slot] = (long) e * most + taken[e]++;
                tokenOf[(int) place[slot]] = slot / topk;
            }
            NDArray rows = rowsOf(x.concat(nothing), x.getManager().create(tokenOf)).reshape(experts, most, dim);
            return rowsOf(gelu(rows.matMul(w1)).matMul(w2).reshape(-1, dim), x.getManager().create(place));
        }

        private long[] counts(NDArray ids) {
            long[] counts = new long[experts];
            for (long e : ids.toLongArray()) counts[(int) e]++;
            return counts;
        }

        private static NDArray gelu(NDArray x) {
            return x.getNDArrayInternal().gelu();
        }

        private static NDArray rowsOf(NDArray table, NDArray ids) {
            return ids.getNDArrayInternal().embedding(ids, table, SparseFormat.DENSE).head();
        }
    }

    /** The decoder of torch_works.py, and a step of AdamW. */
    private static final class Decoder {
        private final int dim = n("dim");
        private final int heads = n("heads");
        private final int batch = n("batch");
        private final int time = n("sequence");
        private final NDList weights = new NDList();
        private final List<NDArray> moments = new ArrayList<>();
        private final NDArray mask = mask(time);
        private final NDArray ids = ARRAYS.randomInteger(0, n("vocabulary"), new Shape(batch, time), DataType.INT64);
        private final NDArray targets = ARRAYS.randomInteger(0, n("vocabulary"), new Shape(batch * time, 1), DataType.INT64);
        private int next; // weight of a forward pass
        private int steps;

        Decoder() {
            weight(n("vocabulary"), dim);
            weight(time, dim);
            for (int i = 0; i < n("layers"); i++) {
                pair(dim, dim);
                linear(3 * dim, dim);
                linear(dim, dim);
                pair(dim, dim);
                linear(4 * dim, dim);
                linear(dim, 4 * dim);
            }
            pair(dim, dim);
            weight(n("vocabulary"), dim);
            for (NDArray w : weights) {
                moments.add(w.zerosLike());
                moments.add(w.zerosLike());
                w.setRequiresGradient(true);
            }
        }

        private void weight(long... shape) {
            weights.add(normal(shape));
        }

        private void pair(int gain, int bias) {
            weights.add(ARRAYS.ones(new Shape(gain)));
            weights.add(ARRAYS.zeros(new Shape(bias)));
        }

        private void linear(int out, int in) {
            weight(out, in);
            weights.add(ARRAYS.zeros(new Shape(out)));
        }

        private NDArray take() {
            return weights.get(next++);
        }

        private NDArray linear(NDArray x) {
            return x.getNDArrayInternal().linear(x, take(), take()).head();
        }

        private NDArray norm(NDArray x) {
            return TorchWorks.norm(x, take(), take());
        }

        void step() {
            try (NDManager step = ARRAYS.newSubManager()) {
                step.tempAttachAll(weights, ids, targets, mask);
                try (GradientCollector tape = ENGINE.newGradientCollector()) { // sets gradients to zero
                    tape.backward(loss());
                }
                steps++;
                double correction = Math.sqrt(1 - Math.pow(0.999, steps)) / (1 - Math.pow(0.9, steps));
                for (int i = 0; i < weights.size(); i++) {
                    NDArray w = weights.get(i);
                    w.getNDArrayInternal().adamUpdate(new NDList(w, w.getGradient(), moments.get(2 * i), moments.get(2 * i + 1)), new NDList(w), 3e-4f,
                        (float) (3e-4 * correction), 0.01f, 1, -1, 0.9f, 0.999f, 1e-8f, false, true);
                }
            }
        }

        private NDArray loss() {
            next = 0;
            NDArray x = ids.getNDArrayInternal().embedding(ids, take(), SparseFormat.DENSE).head().add(take());
            for (int i = 0; i < n("layers"); i++) {
                NDArray qkv = linear(norm(x)).reshape(batch, time, 3, heads, dim / heads).transpose(2, 0, 3, 1, 4);
                NDArray mixed = attend(qkv.get(0), qkv.get(1), qkv.get(2), mask).swapAxes(1, 2).reshape(batch, time, dim);
                x = x.add(linear(mixed));
                NDArray hidden = linear(norm(x));
                x = x.add(linear(hidden.getNDArrayInternal().gelu()));
            }
            NDArray logits = norm(x).reshape(batch * time, dim).matMul(take().transpose());
            return logits.logSoftmax(-1).gather(targets, 1).mean().neg();
        }
    }
}
