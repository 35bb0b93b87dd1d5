package org.moe4j.interchange;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

import org.moe4j.io.TensorData;

/**
 * OLMoE (Muennighoff et al. 2024, section 2) in plain loops over the tensors of a checkpoint, one sequence, written from the description
 * and not from our modules: what the layout has to compute.
 */
final class PlainOlmoe {
    private final TinyCheckpoint c;
    private final int dim;
    private final int heads;
    private final int keyHeads;
    private final int headDim;

    PlainOlmoe(TinyCheckpoint checkpoint) {
        c = checkpoint;
        dim = c.config.get("hidden_size").intValue();
        heads = c.config.get("num_attention_heads").intValue();
        keyHeads = c.config.get("num_key_value_heads").intValue();
        headDim = dim / heads;
    }

    /** (T·V) */
    double[] logits(int... tokens) {
        double[][] x = Arrays.stream(tokens).mapToObj(t -> row("model.embed_tokens.weight", t, dim)).toArray(double[][]::new);
        for (int layer = 0; layer < c.config.get("num_hidden_layers").intValue(); layer++) {
            String at = "model.layers." + layer + ".";
            double[][] attended = attention(at + "self_attn.", normed(x, at + "input_layernorm.weight"));
            add(x, attended);
            double[][] mixed = normed(x, at + "post_attention_layernorm.weight");
            for (int t = 0; t < x.length; t++) {
                mixed[t] = mixture(at + "mlp.", mixed[t]);
            }
            add(x, mixed);
        }
        return Arrays.stream(normed(x, "model.norm.weight")).flatMapToDouble(h -> Arrays.stream(times("lm_head.weight", h))).toArray();
    }

    private double[][] attention(String at, double[][] x) {
        double[][] q = new double[x.length][];
        double[][] k = new double[x.length][];
        double[][] v = new double[x.length][];
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            q[t] = turned(clipped(norm(times(at + "q_proj.weight", x[t]), at + "q_norm.weight")), t);
            k[t] = turned(clipped(norm(times(at + "k_proj.weight", x[t]), at + "k_norm.weight")), t);
            v[t] = clipped(times(at + "v_proj.weight", x[t]));
        }
        for (int t = 0; t < x.length; t++) {
            double[] heard = new double[dim];
            for (int h = 0; h < heads; h++) {
                int keyHead = h / (heads / keyHeads);
                double[] p = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < headDim; i++) {
                        p[s] += q[t][h * headDim + i] * k[s][keyHead * headDim + i] / Math.sqrt(headDim);
                    }
                }
                softmax(p);
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < headDim; i++) {
                        heard[h * headDim + i] += p[s] * v[s][keyHead * headDim + i];
                    }
                }
            }
            y[t] = times(at + "o_proj.weight", heard);
        }
        return y;
    }

    /** The first half of a head is turned against its second half. */
    private double[] turned(double[] x, int position) {
        double[] y = x.clone();
        int half = headDim / 2;
        for (int head = 0; head < x.length / headDim; head++) {
            for (int i = 0; i < half; i++) {
                double angle = position * Math.pow(c.config.get("rope_theta").doubleValue(), -2.0 * i / headDim);
                double a = x[head * headDim + i];
                double b = x[head * headDim + half + i];
                y[head * headDim + i] = a * Math.cos(angle) - b * Math.sin(angle);
                y[head * headDim + half + i] = b * Math.cos(angle) + a * Math.sin(angle);
            }
        }
        return y;
    }

    private double[] mixture(String at, double[] x) {
        double[] p = times(at + "gate.weight", x);
        softmax(p);
        int[] chosen = IntStream.range(0, p.length).boxed().sorted(Comparator.comparingDouble(e -> -p[e])).mapToInt(e -> e)
            .limit(c.config.get("num_experts_per_tok").intValue()).toArray();
        double sum = c.config.get("norm_topk_prob").booleanValue() ? Arrays.stream(chosen).mapToDouble(e -> p[e]).sum() : 1;
        double[] y = new double[dim];
        for (int e : chosen) {
            double[] gate = times(at + "experts." + e + ".gate_proj.weight", x);
            double[] up = times(at + "experts." + e + ".up_proj.weight", x);
            for (int i = 0; i < up.length; i++) {
                up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
            }
            double[] out = times(at + "experts." + e + ".down_proj.weight", up);
            for (int i = 0; i < dim; i++) {
                y[i] += p[e] / sum * out[i];
            }
        }
        return y;
    }

    private double[] clipped(double[] x) {
        double c = this.c.config.path("clip_qkv").asDouble(Double.POSITIVE_INFINITY);
        return Arrays.stream(x).map(v -> Math.clamp(v, -c, c)).toArray();
    }

    private double[][] normed(double[][] x, String weight) {
        return Arrays.stream(x).map(row -> norm(row, weight)).toArray(double[][]::new);
    }

    private double[] norm(double[] x, String weight) {
        double[] w = row(weight, 0, x.length);
        double square = Arrays.stream(x).map(v -> v * v).average().orElseThrow();
        return IntStream.range(0, x.length).mapToDouble(i -> x[i] / Math.sqrt(square + 1e-5) * w[i]).toArray();
    }

    private double[] times(String weight, double[] x) {
        TensorData tensor = c.tensors.get(weight);
        return IntStream.range(0, (int) tensor.shape()[0]).mapToDouble(r -> {
            double[] row = row(weight, r, x.length);
            return IntStream.range(0, x.length).mapToDouble(i -> row[i] * x[i]).sum();
        }).toArray();
    }

    private double[] row(String name, int row, int width) {
        double[] all = c.tensors.get(name).data().toArray(ValueLayout.JAVA_DOUBLE);
        return Arrays.copyOfRange(all, row * width, (row + 1) * width);
    }

    private static void softmax(double[] x) {
        double max = Arrays.stream(x).max().orElseThrow();
        double sum = Arrays.stream(x).map(v -> Math.exp(v - max)).sum();
        Arrays.setAll(x, i -> Math.exp(x[i] - max) / sum);
    }

    private static void add(double[][] x, double[][] y) {
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] += y[t][i];
            }
        }
    }
}
