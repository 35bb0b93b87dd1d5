package org.moe4j.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.Resize;
import org.moe4j.experts.Routing;
import org.moe4j.experts.SwitchRouter;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Embedding;
import org.moe4j.nn.Init;
import org.moe4j.nn.Norm;
import org.moe4j.nn.Pass;
import org.moe4j.nn.RelativeBias;
import org.moe4j.tensor.Shape;

/**
 * An encoder-decoder transformer as T5 (Raffel et al. 2020, section 2.1) and the Switch Transformer (Fedus et al. 2022) have it: pre-norm
 * blocks with RMSNorm, one table of relative positions for all blocks of the encoder and one for those of the decoder, no positions in
 * attention from decoder to encoder.
 *
 * <p>As a language model over one stream of tokens it predicts a text from its first part (prefix language modelling, Raffel et al. 2020,
 * section 3.2): of T tokens the encoder reads the first T/2, rounded down; the decoder reads the others and predicts what follows each.
 * Targets of the first part don't count.
 */
public final class EncoderDecoder extends LanguageModel {
    private final Spec spec;
    private final Embedding embedding;                                            // of encoder and decoder
    private final RelativeBias encoderPositions;                                  // null where there are none
    private final List<EncoderDecoderBlock> encoder = new ArrayList<>();
    private final Norm encoderNorm;
    private final RelativeBias decoderPositions;                                  // null where there are none
    private final List<EncoderDecoderBlock> decoder = new ArrayList<>();
    private final Norm norm;
    private final Parameter head;

    public EncoderDecoder(Spec spec, Init init) {
        this.spec = spec;
        embedding = part(new Embedding(spec.vocabulary, spec.dim, Transformer.EMBEDDING_DEVIATION, init.at("embedding")));
        encoderPositions = positions(init.at("encoderPositions"));
        Init blocks = init.at("blocks");
        for (FeedForwardSpec layer : Repeat.unrolled(spec.encoder)) {
            encoder.add(part(new EncoderDecoderBlock(spec, false, layer, blocks.at(encoder.size()))));
        }
        encoderNorm = part(spec.norm(init.at("encoderNorm")));
        decoderPositions = positions(init.at("decoderPositions"));
        for (FeedForwardSpec layer : Repeat.unrolled(spec.decoder)) {
            decoder.add(part(new EncoderDecoderBlock(spec, true, layer, blocks.at(encoder.size() + decoder.size()))));
        }
        norm = part(spec.norm(init.at("norm")));
        head = spec.tied ? embedding.weight()
            : own(init.at("head").normal("weight", Shape.of(spec.vocabulary, spec.dim), Transformer.EMBEDDING_DEVIATION));
    }

    private RelativeBias positions(Init init) {
        return spec.attention.relative() == null ? null : part(new RelativeBias(spec.attention.heads(), spec.attention.relative(), init));
    }

    @Override
    public Spec spec() {
        return spec;
    }

    /** @throws InputException if sequences are of one token, which leaves none for the encoder */
    @Override
    public Output forward(Tape t, int[] tokens, Pass given) {
        Pass whole = given.withTokens(tokens);
        int prefix = prefix(whole.time());
        if (prefix == 0) {
            throw new InputException("sequences of " + whole.time() + " tokens leave none for the encoder; at least 2 would do");
        }
        List<AuxiliaryLoss> losses = new ArrayList<>();
        List<Routing> routings = new ArrayList<>();
        Pass read = whole.positions(0, prefix);
        Variable memory = run(t, encoder, embedding.forward(t, read.tokens()), null, encoderPositions, read, losses, routings);
        Pass written = whole.positions(prefix, whole.time());
        Variable y = run(t, decoder, embedding.forward(t, written.tokens()), encoderNorm.forward(t, memory), decoderPositions, written, losses, routings);
        int[] rows = new int[written.tokens().length];
        Arrays.setAll(rows, i -> i / written.time() * whole.time() + prefix + i % written.time());
        return new Output(new Head(norm.forward(t, y), head, null), rows, losses, routings);
    }

    private static Variable run(Tape t, List<EncoderDecoderBlock> blocks, Variable start, Variable memory, RelativeBias positions, Pass pass,
            List<AuxiliaryLoss> losses, List<Routing> routings) {
        Variable x = start;                                                       // (T, D)
        for (EncoderDecoderBlock block : blocks) {
            FeedForward.Result result = block.forward(t, x, memory, positions, pass);
            x = result.y();
            losses.addAll(result.losses());
            if (result.routing() != null) {
                routings.add(result.routing());
            }
        }
        return x;
    }

    /** How many of so many tokens the encoder reads. */
    private static int prefix(int time) {
        return time / 2;
    }

    /**
     * @param vocabulary V, the number of tokens
     * @param dim D, the model width
     * @param sequence the longest sequence it is trained on, both parts together
     * @param attention of every attention; that from decoder to encoder has no positions
     * @param tied whether the output head is the embedding transposed
     * @param encoder the feed-forward layers of the encoder's blocks
     * @param decoder those of the decoder's
     */
    public record Spec(int vocabulary, int dim, int sequence, CausalSelfAttention.Spec attention, boolean tied, List<Repeat> encoder,
                       List<Repeat> decoder) implements ModelSpec {
        private static final double NORM_EPS = 1e-6;

        public Spec {
            atLeast("vocabulary", vocabulary, 1);
            atLeast("dim", dim, 1);
            atLeast("sequence", sequence, 2);
            attention.requireFit(dim);
            encoder = List.copyOf(encoder);
            decoder = List.copyOf(decoder);
            if (encoder.isEmpty() || decoder.isEmpty()) {
                throw new InputException((encoder.isEmpty() ? "encoder" : "decoder") + " is empty; an encoder-decoder wants at least one block in each");
            }
        }

        /** Two blocks a side, the second a Switch mixture, at a size for tests. */
        public Spec() {
            this(32, 16, 16, CausalSelfAttention.Spec.relative(2, 6, new RelativeBias.Spec(8, 12)), true, Repeat.each(layers()), Repeat.each(layers()));
        }

        private static List<FeedForwardSpec> layers() {
            return List.of(new DenseFeedForward.Spec(12, Activation.GEGLU, false),
                new MixtureOfExperts.Spec(new SwitchRouter.Spec(), new MlpExperts.Spec(12, Activation.GEGLU, false)));
        }

        /** The encoder's, then the decoder's. */
        @Override
        public List<FeedForwardSpec> feedForwards() {
            return Stream.of(encoder, decoder).map(Repeat::unrolled).flatMap(List::stream).toList();
        }

        @Override
        public EncoderDecoder build(Init init) {
            return new EncoderDecoder(this, init);
        }

        Norm norm(Init init) {
            return Norm.Kind.RMS.build(dim, NORM_EPS, init);
        }

        /** Blocks are numbered through, those of the encoder first. */
        @Override
        public List<Part> parts(int batch, int time) {
            int read = prefix(time);
            int written = time - read;
            long embedding = (long) vocabulary * dim;
            List<Part> parts = new ArrayList<>();
            parts.add(Part.dense(Part.OUTSIDE, "embedding", tied ? Part.Kind.TIED_EMBEDDING : Part.Kind.INPUT_EMBEDDING, embedding, 0));
            addPositions(parts, "encoder's relative positions");
            List<FeedForwardSpec> layers = feedForwards();
            int first = Repeat.blocks(encoder);
            for (int block = 0; block < first; block++) {
                long tokens = (long) batch * read;
                parts.add(attention(block, "attention", attention.flops(dim, tokens, tokens, tokens * read)));
                parts.add(Part.dense(block, "norms", Part.Kind.NORM, 2 * norms(), 0));
                parts.addAll(Part.feedForward(block, layers.get(block), dim, batch * read));
            }
            parts.add(Part.dense(Part.OUTSIDE, "encoder's norm", Part.Kind.NORM, norms(), 0));
            addPositions(parts, "decoder's relative positions");
            for (int block = first; block < layers.size(); block++) {
                long tokens = (long) batch * written;
                parts.add(attention(block, "attention", attention.flops(dim, batch, written)));
                parts.add(attention(block, "attention to the encoder", attention.flops(dim, tokens, (long) batch * read, tokens * read)));
                parts.add(Part.dense(block, "norms", Part.Kind.NORM, 3 * norms(), 0));
                parts.addAll(Part.feedForward(block, layers.get(block), dim, batch * written));
            }
            parts.addAll(Part.shared(layers, dim));
            parts.add(Part.dense(Part.OUTSIDE, "norm", Part.Kind.NORM, norms(), 0));
            parts.add(Part.dense(Part.OUTSIDE, "head", Part.Kind.OUTPUT_EMBEDDING, tied ? 0 : embedding, 2L * batch * written * embedding));
            return parts;
        }

        private Part attention(int block, String name, long flops) {
            return Part.dense(block, name, Part.Kind.ATTENTION, attention.parameters(dim), flops);
        }

        private void addPositions(List<Part> parts, String name) {
            if (attention.relative() != null) {
                parts.add(Part.dense(Part.OUTSIDE, name, Part.Kind.POSITION, attention.positionParameters(), 0));
            }
        }

        private long norms() {
            return Norm.Kind.RMS.parameters(dim);
        }

        /** Half of the blocks are the encoder's. */
        @Override
        public Spec resized(Size size) {
            int width = Math.min(dim, size.dim());
            Resize by = new Resize((double) width / dim, size.experts());
            int blocks = Math.max(1, size.layers() / 2);
            return new Spec(Math.min(vocabulary, size.vocabulary()), width, Math.min(sequence, size.sequence()), attention.resized(dim, width), tied,
                Repeat.resized(encoder, blocks, by), Repeat.resized(decoder, blocks, by));
        }

        private static void atLeast(String field, int value, int least) {
            if (value < least) {
                throw new InputException(field + " is " + value + ", it has to be at least " + least);
            }
        }
    }
}
