package org.moe4j.nn;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;

/** {@link Attention} of each position to itself and those before it, with relative positions of its own where the spec has them. */
public final class CausalSelfAttention extends Module {
    private final Attention attention;
    private final RelativeBias bias;                                              // null where there is none

    public CausalSelfAttention(int dim, Spec spec, Init init) {
        attention = part(new Attention(dim, spec, init));
        bias = spec.relative == null ? null : part(new RelativeBias(spec.heads, spec.relative, init.at("relative")));
    }

    /** @param x (B·T, D), tokens batch-major as {@code pass} says */
    public Variable forward(Tape t, Variable x, Pass pass) {
        return attention.forward(t, x, x, pass.batch(), true, bias);
    }

    /** Which projections have a bias. */
    public enum Biases { NONE, QUERY_KEY_VALUE, ALL }

    /** Whether queries and keys pass a root-mean-square norm, with a gain of its own, before they are clipped and turned. */
    public enum QueryKeyNorm {
        NONE,
        /** Over the whole width, all heads together (OLMoE, Muennighoff et al. 2024). */
        ALL_HEADS,
        /** Over each head alone, with one gain for all of them. */
        EACH_HEAD
    }

    /**
     * What is attended with; all but the heads may be left out.
     *
     * @param heads H
     * @param keyHeads KV, which divides H: so many heads of keys and values serve H / KV query heads each (Ainslie et al. 2023)
     * @param headDim Dh, the width of a head; null for D / H
     * @param rotaryBase of the angles of rotary positions (Su et al. 2021, section 3.4.2), 10000 in the paper; null for none
     * @param relative the relative positions, a table for each layer; null for none
     * @param biases null for none
     * @param norm null for none
     * @param clip what queries, keys and values are clipped to, in size; DBRX has 8; null for no clipping
     * @param softCap the bound c of the scores, c tanh(score / c); Grok-1 has 30; null for none
     */
    public record Spec(int heads, int keyHeads, Integer headDim, Double rotaryBase, @JsonProperty RelativeBias.Spec relative, @JsonProperty Biases biases,
                       @JsonProperty QueryKeyNorm norm, Double clip, Double softCap) {
        private static final int LEAST_HEAD = 8;

        public Spec {
            biases = biases == null ? Biases.NONE : biases;
            norm = norm == null ? QueryKeyNorm.NONE : norm;
            positive("heads", heads);
            positive("keyHeads", keyHeads);
            if (heads % keyHeads != 0) {
                throw new InputException("keyHeads is " + keyHeads + ", which does not divide heads " + heads);
            }
            positive("headDim", headDim);
            if (rotaryBase != null && !(rotaryBase > 1)) {
                throw new InputException("rotaryBase is " + rotaryBase + ", it has to be above 1 (10000 is usual), or be left out for no rotary positions");
            }
            if (rotaryBase != null && headDim != null && headDim % 2 != 0) {
                throw new InputException("headDim is " + headDim + ", rotary positions want it even");
            }
            positive("clip", clip);
            positive("softCap", softCap);
        }

        /** H heads over all of the width, and nothing else: no positions, no biases. */
        public static Spec plain(int heads) {
            return new Spec(heads, heads, null, null, null, null, null, null, null);
        }

        /** As in Llama and Mixtral: grouped queries and rotary positions. */
        public static Spec rotary(int heads, int keyHeads, double base) {
            return new Spec(heads, keyHeads, null, base, null, null, null, null, null);
        }

        /** As in T5 and GLaM: heads of a width that need not be D / H, and relative positions. */
        public static Spec relative(int heads, int headDim, RelativeBias.Spec relative) {
            return new Spec(heads, heads, headDim, null, relative, null, null, null, null);
        }

        public Spec withHeadDim(int headDim) {
            return new Spec(heads, keyHeads, headDim, rotaryBase, relative, biases, norm, clip, softCap);
        }

        public Spec withBiases(Biases biases) {
            return new Spec(heads, keyHeads, headDim, rotaryBase, relative, biases, norm, clip, softCap);
        }

        public Spec withNorm(QueryKeyNorm norm) {
            return new Spec(heads, keyHeads, headDim, rotaryBase, relative, biases, norm, clip, softCap);
        }

        public Spec withClip(double clip) {
            return new Spec(heads, keyHeads, headDim, rotaryBase, relative, biases, norm, clip, softCap);
        }

        public Spec withSoftCap(double softCap) {
            return new Spec(heads, keyHeads, headDim, rotaryBase, relative, biases, norm, clip, softCap);
        }

        /** The same heads without rotary or relative positions, as in attention to another sequence. */
        public Spec withoutPositions() {
            return new Spec(heads, keyHeads, headDim, null, null, biases, norm, clip, softCap);
        }

        /** Dh at model width D = {@code dim}. */
        public int headDim(int dim) {
            return headDim == null ? dim / heads : headDim;
        }

        /** @throws InputException if this does not go with model width D = {@code dim} */
        public void requireFit(int dim) {
            if (headDim == null && dim % heads != 0) {
                throw new InputException("heads is " + heads + ", which does not divide dim " + dim + "; give headDim, or a divisor");
            }
            if (rotaryBase != null && headDim(dim) % 2 != 0) {
                throw new InputException("heads is " + heads + ", which does not cut dim " + dim
                    + " into heads of an even width, as rotary positions want; a divisor of " + dim / 2 + " would do");
            }
        }

        /** Parameters of projections and norms, without the table of relative positions. */
        public long parameters(int dim) {
            long queries = (long) heads * headDim(dim);
            long keys = (long) keyHeads * headDim(dim);
            long biased = switch (biases) {
                case NONE -> 0;
                case QUERY_KEY_VALUE -> queries + 2 * keys;
                case ALL -> queries + 2 * keys + dim;
            };
            long gains = switch (norm) {
                case NONE -> 0;
                case ALL_HEADS -> queries + keys;
                case EACH_HEAD -> 2L * headDim(dim);
            };
            return 2 * dim * (queries + keys) + biased + gains;
        }

        /** Parameters of the table of relative positions. */
        public long positionParameters() {
            return relative == null ? 0 : relative.parameters(heads);
        }

        /**
         * FLOPs forward: the projections, then q·k and p·v, each 2 Dh for each pair of each head.
         *
         * @param queries how many rows the queries and the output have, B·Tq
         * @param keys how many rows the keys and values have, B·Tk
         * @param pairs of a query and a key that it sees, in all sequences
         */
        public long flops(int dim, long queries, long keys, long pairs) {
            long width = headDim(dim);
            return 4 * dim * width * (heads * queries + keyHeads * keys) + 4 * heads * width * pairs;
        }

        /** FLOPs of causal self-attention over {@code batch} sequences of {@code time} positions. */
        public long flops(int dim, int batch, int time) {
            long tokens = (long) batch * time;
            return flops(dim, tokens, tokens, tokens * (time + 1) / 2);
        }

        /**
         * For a model of width {@code to} where it was {@code from}: as many heads as there were, but none narrower than 8 where that can
         * be, with the same number for each key head if possible.
         */
        public Spec resized(int from, int to) {
            int fewer = Math.max(1, Math.min(heads, to / LEAST_HEAD));
            while (to % fewer != 0 || to / fewer % 2 != 0) {
                fewer--;
            }
            int groups = Math.max(1, fewer * keyHeads / heads);
            while (fewer % groups != 0) {
                groups--;
            }
            double width = headDim == null ? 0 : (double) headDim * heads * to / from / fewer; // the heads together keep their share of the model's width
            Integer narrower = headDim == null ? null : Integer.valueOf(2 * (int) Math.max(1, Math.round(width / 2)));
            return new Spec(fewer, groups, narrower, rotaryBase, relative, biases, norm, clip, softCap);
        }

        private static void positive(String field, Number value) {
            if (value != null && !(value.doubleValue() > 0)) {
                throw new InputException(field + " is " + value + ", it has to be " + (value instanceof Integer ? "at least 1" : "above 0"));
            }
        }
    }
}
