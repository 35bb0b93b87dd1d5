package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.autodiff.op.Ranked;
import org.moe4j.io.InputException;
import org.moe4j.nn.BatchNorm;
import org.moe4j.nn.Init;
import org.moe4j.nn.LayerNorm;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * Retrieval by product keys (Lample et al. 2019, section 3.1; PEER, He 2024, section 2.1). Expert i·N + j has the key [c_i ; c'_j] of two
 * sub-keys, so the K best of N² experts for a query (q ; q') are among the K best of each half. H heads ask with queries of
 * their own; a token has H·K slots, those of one head together.
 */
public final class ProductKeyRouter extends Router {
    private final Spec spec;
    private final Linear query;                                                   // D to H·dk
    private final QueryNorm norm;
    private final SubKeys keys;

    public ProductKeyRouter(Spec spec, int dim, Init init) {
        this.spec = spec;
        query = part(new Linear(dim, spec.heads * spec.keyDim, spec.queryBias, init.at("query")));
        norm = part(new QueryNorm(spec, init.at("norm")));
        keys = part(new SubKeys(spec, init.at("keys")));
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        return retrieve(t, x, pass).routing(t, spec);
    }

    /** What tokens x (T,D) find. */
    public Retrieval retrieve(Tape t, Variable x, Pass pass) {
        return retrieve(t, norm.forward(t, query.forward(t, x), pass), keys.first(t), keys.second(t), spec);
    }

    /**
     * What follows from queries and sub-keys alone.
     *
     * @param query (T,H·dk), for each head its two halves
     * @param first the sub-keys of the first half, (N,dk/2) if all heads share them, else (H,N,dk/2)
     * @param second those of the second half
     */
    public static Retrieval retrieve(Tape t, Variable query, Variable first, Variable second, Spec spec) {
        Ranked top = t.productKeys(query, first, second, spec.topK);
        return new Retrieval(query, top.values(), top.indices());
    }

    /**
     * The experts that each head of each token found, best first.
     *
     * @param query (T,H·dk) as it met the keys
     * @param scores (T,H,K)
     * @param experts (T,H,K) their numbers
     */
    public record Retrieval(Variable query, Variable scores, IntStorage experts) {
        /** The scores as gates. */
        public Routing routing(Tape t, Spec spec) {
            Variable gates = switch (spec.scores) {
                case SOFTMAX -> t.softmax(scores);
                case SIGMOID -> t.sigmoid(scores);
                case RELU -> t.relu(scores);
            };
            int slots = spec.heads * spec.topK;
            return Routing.tokenChoice(spec.experts, slots, experts, t.reshape(gates, -1, slots), null, 0, List.of());
        }
    }

    /** How the scores of the retrieved experts become gates. */
    public enum Scores {
        /** Over the K of a head: they compete, and sum to 1. */
        SOFTMAX,
        SIGMOID,
        RELU
    }

    /** What is done to queries before they meet the keys. */
    public enum Norm {
        NONE,
        /** Batch normalisation of every query feature: the paper's, which spreads the load over the experts. */
        BATCH,
        /** Layer normalisation of each half, its gain and bias shared by heads and halves. */
        LAYER,
        /** Each half divided by its length. */
        LENGTH,
        /** As LAYER, and each sub-key layer-normalised too, with a gain and bias of its own (qk-norm of Memory+, arXiv 2412.09764). */
        QUERY_KEY
    }

    /** The normalisation of queries (T, H·dk). */
    private static final class QueryNorm extends Module {
        private static final double EPS = 1e-5;
        private static final double MOMENTUM = 0.1;

        private final Norm kind;
        private final int half;
        private final BatchNorm batch;
        private final LayerNorm layer;

        QueryNorm(Spec spec, Init init) {
            kind = spec.queryNorm;
            half = spec.keyDim / 2;
            batch = kind == Norm.BATCH ? part(new BatchNorm(spec.heads * spec.keyDim, EPS, MOMENTUM, init)) : null;
            layer = kind == Norm.LAYER || kind == Norm.QUERY_KEY ? part(new LayerNorm(half, EPS, init)) : null;
        }

        Variable forward(Tape t, Variable q, Pass pass) {
            Variable halves = t.reshape(q, -1, half);
            return switch (kind) {
                case NONE -> q;
                case BATCH -> batch.forward(t, q, pass.training());
                case LAYER, QUERY_KEY -> t.reshape(layer.forward(t, halves), q.shape());
                case LENGTH -> t.reshape(t.multiply(halves, t.rsqrt(t.sumKept(t.square(halves), -1))), q.shape());
            };
        }

        static int parameters(Spec spec) {
            return switch (spec.queryNorm) {
                case NONE, LENGTH -> 0;
                case BATCH -> 2 * spec.heads * spec.keyDim;
                case LAYER -> spec.keyDim;
                case QUERY_KEY -> 2 * spec.keyDim;                                // the sub-keys' too
            };
        }
    }

    /** Two sets of N sub-keys of width dk/2. */
    private static final class SubKeys extends Module {
        private final Parameter first;
        private final Parameter second;
        private final LayerNorm norm;                                             // null for none

        SubKeys(Spec spec, Init init) {
            int half = spec.keyDim / 2;
            Shape shape = spec.sharedKeys ? Shape.of(spec.side(), half) : Shape.of(spec.heads, spec.side(), half);
            first = own(init.uniform("first", shape, 1 / Math.sqrt(half)));
            second = own(init.uniform("second", shape, 1 / Math.sqrt(half)));
            norm = spec.queryNorm == Norm.QUERY_KEY ? part(new LayerNorm(half, QueryNorm.EPS, init.at("norm"))) : null;
        }

        Variable first(Tape t) {
            return norm == null ? first : norm.forward(t, first);
        }

        Variable second(Tape t) {
            return norm == null ? second : norm.forward(t, second);
        }
    }

    /**
     * @param experts N², a square
     * @param heads H
     * @param topK K, the experts of each head
     * @param keyDim dk, the width of a query: two halves
     * @param sharedKeys whether all heads share the sub-keys (PEER's paper) or have their own (PKM, public PEER code)
     * @param queryBias whether the query network has a bias (PKM) or not (PEER)
     */
    public record Spec(int experts, int heads, int topK, int keyDim, boolean sharedKeys, Norm queryNorm, Scores scores, boolean queryBias)
            implements RouterSpec {
        public Spec {
            Require.positive("experts", experts);
            Require.positive("heads", heads);
            Require.topK(topK, experts);
            Require.positive("keyDim", keyDim);
            int side = (int) Math.round(Math.sqrt(experts));
            if (side * side != experts) {
                throw new InputException("experts is " + experts + ", product keys want a square; " + Math.max(1, side * side) + " would do");
            }
            if (keyDim % 2 != 0) {
                throw new InputException("keyDim is " + keyDim + ", it has to be even: each half of a query looks up the sub-keys of one side");
            }
        }

        /** PEER's retrieval at a size for tests: 8 of 64 experts. */
        public Spec() {
            this(64, 2, 4, 8);
        }

        /** PEER's: shared sub-keys, query BatchNorm, softmax, no bias. */
        public Spec(int experts, int heads, int topK, int keyDim) {
            this(experts, heads, topK, keyDim, true, Norm.BATCH, Scores.SOFTMAX, false);
        }

        /** PKM's: sub-keys of each head, query BatchNorm, softmax, a bias. */
        public static Spec memory(int values, int heads, int topK, int keyDim) {
            return new Spec(values, heads, topK, keyDim, false, Norm.BATCH, Scores.SOFTMAX, true);
        }

        /** N. */
        public int side() {
            return (int) Math.round(Math.sqrt(experts));
        }

        @Override
        public double perToken() {
            return heads * topK;
        }

        /** With as many heads as before. */
        @Override
        public Spec withExperts(int experts, int perToken) {
            if (perToken % heads != 0) {
                throw new InputException("the experts of a token are " + perToken + ", which " + heads + " heads do not share equally");
            }
            return new Spec(experts, heads, perToken / heads, keyDim, sharedKeys, queryNorm, scores, queryBias);
        }

        /** The largest square, and no more found by a head than a side has sub-keys. */
        @Override
        public Spec atMost(int most) {
            int side = (int) Math.sqrt(Math.min(most, experts));
            return new Spec(side * side, heads, Math.min(topK, side), keyDim, sharedKeys, queryNorm, scores, queryBias);
        }

        @Override
        public Router build(int dim, Init init) {
            return new ProductKeyRouter(this, dim, init);
        }

        @Override
        public long parameters(int dim) {
            long width = (long) heads * keyDim;
            return width * dim + (queryBias ? width : 0) + QueryNorm.parameters(this) + (sharedKeys ? 1 : heads) * (long) side() * keyDim;
        }

        @Override
        public long flops(int dim, int tokens) {
            long candidates = Math.min(topK, side());
            return (long) tokens * heads * (2L * dim * keyDim + 2L * side() * keyDim + candidates * candidates);
        }
    }
}
