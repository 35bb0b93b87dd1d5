package org.moe4j.model;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.Resize;
import org.moe4j.experts.Routing;
import org.moe4j.io.InputException;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Embedding;
import org.moe4j.nn.Init;
import org.moe4j.nn.Norm;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** A decoder-only transformer: pre-norm blocks of causal self-attention and any feed-forward layer. */
public final class Transformer extends LanguageModel {
    /** The deviation of GPT-2's embedding (Radford et al. 2019), which keeps the first logits near zero. */
    static final double EMBEDDING_DEVIATION = 0.02;

    private final Spec spec;
    private final Embedding embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm norm;
    private final Parameter head;

    public Transformer(Spec spec, Init init) {
        this.spec = spec;
        embedding = part(new Embedding(spec.vocabulary, spec.dim, EMBEDDING_DEVIATION, init.at("embedding")));
        for (FeedForwardSpec layer : spec.feedForwards()) {
            blocks.add(part(new Block(spec, layer, init.at("blocks").at(blocks.size()))));
        }
        norm = part(spec.norm(init.at("norm")));
        head = spec.tied ? embedding.weight()
            : own(init.at("head").normal("weight", Shape.of(spec.vocabulary, spec.dim), EMBEDDING_DEVIATION));
    }

    @Override
    public Spec spec() {
        return spec;
    }

    @Override
    public Output forward(Tape t, int[] tokens, Pass pass) {
        return fromEmbedded(t, embed(t, tokens), pass.withTokens(tokens));
    }

    /** The vectors of tokens, (T,D); zero for a negative one. */
    Variable embed(Tape t, int[] tokens) {
        return scaled(t, embedding.forward(t, tokens), spec.embeddingScale);
    }

    /** All that follows the embedding. */
    Output fromEmbedded(Tape t, Variable embedded, Pass pass) {
        List<AuxiliaryLoss> losses = new ArrayList<>();
        List<Routing> routings = new ArrayList<>();
        Variable x = embedded;                                                       // (T, D)
        for (Block block : blocks) {
            Block.Result result = block.forward(t, x, pass);
            x = result.y();
            losses.addAll(result.losses());
            if (result.routing() != null) {
                routings.add(result.routing());
            }
        }
        Variable last = scaled(t, norm.forward(t, x), spec.logitScale);           // as good as scaling the logits, (T, V)
        return new Output(new Head(last, head, null), losses, routings);
    }

    private static Variable scaled(Tape t, Variable x, double factor) {
        return factor == 1 ? x : t.scale(x, factor);
    }

    /**
     * @param vocabulary V, the number of tokens
     * @param dim D, the model width
     * @param sequence the longest sequence it is trained on
     * @param norm the normalisation before each layer and before the head
     * @param normEps what it adds to the variance or mean square
     * @param sandwich whether each layer's output is normalised as well before it is added (Grok-1)
     * @param tied whether the output head is the embedding transposed
     * @param embeddingScale what embeddings are multiplied by
     * @param logitScale what logits are multiplied by
     * @param blocks the feed-forward layers
     */
    public record Spec(int vocabulary, int dim, int sequence, CausalSelfAttention.Spec attention, Norm.Kind norm, double normEps, boolean sandwich,
                       boolean tied, double embeddingScale, double logitScale, List<Repeat> blocks) implements ModelSpec {
        private static final double NORM_EPS = 1e-5;

        public Spec {
            positive("vocabulary", vocabulary);
            positive("dim", dim);
            positive("sequence", sequence);
            blocks = List.copyOf(blocks);
            if (blocks.isEmpty()) {
                throw new InputException("blocks is empty; a model wants at least one block");
            }
            attention.requireFit(dim);
            if (!(normEps > 0)) {
                throw new InputException("normEps is " + normEps + ", it has to be above 0 (1e-5 is usual)");
            }
        }

        /** Two blocks, the second a mixture, at a size for tests. */
        public Spec() {
            this(32, 16, 16, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true,
                Repeat.each(List.of(new DenseFeedForward.Spec(), new MixtureOfExperts.Spec())));
        }

        /** With RMSNorm and nothing scaled, as Llama and Mixtral have it. */
        public Spec(int vocabulary, int dim, int sequence, CausalSelfAttention.Spec attention, boolean tied, List<Repeat> blocks) {
            this(vocabulary, dim, sequence, attention, Norm.Kind.RMS, NORM_EPS, false, tied, 1, 1, blocks);
        }

        @Override
        public List<FeedForwardSpec> feedForwards() {
            return Repeat.unrolled(blocks);
        }

        /** The same with one layer for each of its blocks. */
        public Spec withFeedForwards(List<FeedForwardSpec> layers) {
            return new Spec(vocabulary, dim, sequence, attention, norm, normEps, sandwich, tied, embeddingScale, logitScale, Repeat.each(layers));
        }

        @Override
        public Transformer build(Init init) {
            return new Transformer(this, init);
        }

        Norm norm(Init init) {
            return norm.build(dim, normEps, init);
        }

        @Override
        public List<Part> parts(int batch, int time) {
            int tokens = batch * time;
            List<Part> parts = new ArrayList<>();
            long embedding = (long) vocabulary * dim;
            parts.add(Part.dense(Part.OUTSIDE, "embedding", tied ? Part.Kind.TIED_EMBEDDING : Part.Kind.INPUT_EMBEDDING, embedding, 0));
            List<FeedForwardSpec> layers = feedForwards();
            for (int block = 0; block < layers.size(); block++) {
                FeedForwardSpec layer = layers.get(block);
                parts.add(Part.dense(block, "attention", Part.Kind.ATTENTION, attention.parameters(dim), attention.flops(dim, batch, time)));
                if (attention.relative() != null) {
                    parts.add(Part.dense(block, "relative positions", Part.Kind.POSITION, attention.positionParameters(), 0));
                }
                parts.add(Part.dense(block, "norms", Part.Kind.NORM, (sandwich ? 4 : 2) * norm.parameters(dim), 0));
                parts.addAll(Part.feedForward(block, layer, dim, tokens));
            }
            parts.addAll(Part.shared(layers, dim));
            parts.add(Part.dense(Part.OUTSIDE, "norm", Part.Kind.NORM, norm.parameters(dim), 0));
            parts.add(Part.dense(Part.OUTSIDE, "head", Part.Kind.OUTPUT_EMBEDDING, tied ? 0 : embedding, 2L * tokens * embedding));
            return parts;
        }

        @Override
        public Spec resized(Size size) {
            int width = Math.min(dim, size.dim());
            return new Spec(Math.min(vocabulary, size.vocabulary()), width, Math.min(sequence, size.sequence()), attention.resized(dim, width), norm, normEps,
                sandwich, tied, embeddingScale, logitScale, Repeat.resized(blocks, size.layers(), new Resize((double) width / dim, size.experts())));
        }

        private static void positive(String field, int value) {
            if (value < 1) {
                throw new InputException(field + " is " + value + ", it has to be at least 1");
            }
        }
    }
}
