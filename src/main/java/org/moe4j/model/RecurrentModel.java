package org.moe4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.experts.Resize;
import org.moe4j.experts.Routing;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Dropout;
import org.moe4j.nn.Embedding;
import org.moe4j.nn.Init;
import org.moe4j.nn.Lstm;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * A recurrent language model (Shazeer et al. 2017, appendix C.1): embedding, LSTMs and feed-forward layers in any order, softmax. Each layer but
 * the softmax has dropout on its output, to which its input is then added; what a mixture answers passes a sigmoid first. Every
 * sequence starts from a state of zeros.
 */
public final class RecurrentModel extends LanguageModel {
    private static final double EMBEDDING_DEVIATION = 0.1;

    private final Spec spec;
    private final Embedding embedding;
    private final Dropout dropout;
    private final List<RecurrentLayer> layers = new ArrayList<>();
    private final Parameter head;                                                 // (V, D)
    private final Parameter headBias;                                             // (V), or null

    public RecurrentModel(Spec spec, Init init) {
        this(spec, built(spec, init), init);
    }

    /** @param feedForwards the layers that are not LSTMs, in their order */
    public RecurrentModel(Spec spec, List<FeedForward> feedForwards, Init init) {
        this.spec = spec;
        embedding = part(new Embedding(spec.vocabulary, spec.dim, EMBEDDING_DEVIATION, init.at("embedding")));
        dropout = new Dropout(spec.dropout, init.at("embedding").at("dropout"));
        int next = 0;
        for (Layer layer : spec.layers) {
            FeedForward given = layer.lstm == null ? feedForwards.get(next++) : null;
            layers.add(part(new RecurrentLayer(spec, layer, given, block(init, layers.size()))));
        }
        head = spec.tied ? embedding.weight()
            : own(init.at("head").normal("weight", Shape.of(spec.vocabulary, spec.dim), 1 / Math.sqrt(spec.dim)));
        headBias = spec.bias ? own(init.at("head").zeros("bias", Shape.of(spec.vocabulary))) : null;
    }

    private static List<FeedForward> built(Spec spec, Init init) {
        List<FeedForward> all = new ArrayList<>();
        for (int i = 0; i < spec.layers.size(); i++) {
            FeedForwardSpec layer = spec.layers.get(i).feedForward;
            if (layer != null) {
                all.add(layer.build(spec.dim, block(init, i).at("feedForward")));
            }
        }
        return all;
    }

    private static Init block(Init init, int number) {
        return init.at("blocks").at(number);
    }

    @Override
    public Spec spec() {
        return spec;
    }

    @Override
    public Output forward(Tape t, int[] tokens, Pass given) {
        Pass pass = given.withTokens(tokens);
        List<AuxiliaryLoss> losses = new ArrayList<>();
        List<Routing> routings = new ArrayList<>();
        Variable x = dropout.forward(t, embedding.forward(t, tokens), pass);      // (T, D)
        for (RecurrentLayer layer : layers) {
            FeedForward.Result result = layer.forward(t, x, pass);
            x = result.y();
            losses.addAll(result.losses());
            if (result.routing() != null) {
                routings.add(result.routing());
            }
        }
        return new Output(new Head(x, head, headBias), losses, routings);
    }

    /**
     * An LSTM or a feed-forward layer; the other is null.
     *
     * @param lstm of the model's width
     */
    public record Layer(@JsonProperty Lstm.Spec lstm, @JsonProperty FeedForwardSpec feedForward) {
        public Layer {
            if ((lstm == null) == (feedForward == null)) {
                throw new InputException("a layer has " + (lstm == null ? "neither" : "both") + " an lstm " + (lstm == null ? "nor" : "and")
                    + " a feedForward; one of them would do");
            }
        }

        /** @param projection 0 for none */
        public static Layer lstm(int units, int projection) {
            return new Layer(new Lstm.Spec(units, projection), null);
        }

        public static Layer of(FeedForwardSpec feedForward) {
            return new Layer(null, feedForward);
        }

        private Layer resized(int from, int to, Resize by) {
            if (lstm == null) {
                return of(feedForward.resized(by));
            }
            return lstm.projection() == 0 ? lstm(to, 0) : lstm(lstm.units() == from ? to : by.hidden(lstm.units()), to);
        }
    }

    /**
     * @param vocabulary V, the number of tokens
     * @param dim D, the width of the embedding and of every layer's input and output
     * @param sequence T, the longest sequence it is trained on
     * @param tied whether the softmax has the embedding's weights
     * @param bias whether LSTMs and softmax have biases, which the paper's counts are without
     * @param dropout the probability with which each layer's output is dropped in training
     * @param residual whether each layer's input is added to its output
     * @param sigmoid whether the output of feed-forward layers passes a sigmoid
     */
    public record Spec(int vocabulary, int dim, int sequence, boolean tied, boolean bias, double dropout, boolean residual, boolean sigmoid,
                       List<Layer> layers) implements ModelSpec {
        public Spec {
            positive("vocabulary", vocabulary);
            positive("dim", dim);
            positive("sequence", sequence);
            if (!(dropout >= 0 && dropout < 1)) {
                throw new InputException("dropout is " + dropout + ", it has to be 0 or above and below 1");
            }
            layers = List.copyOf(layers);
            if (layers.isEmpty()) {
                throw new InputException("layers is empty; a model wants at least one layer");
            }
            for (Layer layer : layers) {
                if (layer.lstm != null && layer.lstm.width() != dim) {
                    throw new InputException("an lstm has " + layer.lstm.units() + " units and a projection of " + layer.lstm.projection()
                        + ", which is no output of the model's width " + dim + "; a projection of " + dim + " would do");
                }
            }
        }

        /** A mixture between two LSTMs, at a size for tests. */
        public Spec() {
            this(32, 8, 8, false, true, 0.1, true, true, List.of(Layer.lstm(8, 0),
                Layer.of(new MixtureOfExperts.Spec(new NoisyTopKRouter.Spec(8, 2), new MlpExperts.Spec(8, Activation.RELU, false))), Layer.lstm(12, 8)));
        }

        @Override
        public List<FeedForwardSpec> feedForwards() {
            return layers.stream().map(Layer::feedForward).filter(Objects::nonNull).toList();
        }

        @Override
        public RecurrentModel build(Init init) {
            return new RecurrentModel(this, init);
        }

        @Override
        public List<Part> parts(int batch, int time) {
            int tokens = batch * time;
            long embedding = (long) vocabulary * dim;
            List<Part> parts = new ArrayList<>();
            parts.add(Part.dense(Part.OUTSIDE, "embedding", tied ? Part.Kind.TIED_EMBEDDING : Part.Kind.INPUT_EMBEDDING, embedding, 0));
            for (int block = 0; block < layers.size(); block++) {
                Layer layer = layers.get(block);
                parts.addAll(layer.lstm == null ? Part.feedForward(block, layer.feedForward, dim, tokens)
                    : List.of(Part.dense(block, "lstm", Part.Kind.RECURRENT, layer.lstm.parameters(dim, bias), 2L * tokens * layer.lstm.weights(dim))));
            }
            parts.addAll(Part.shared(feedForwards(), dim));
            parts.add(Part.dense(Part.OUTSIDE, "head", Part.Kind.OUTPUT_EMBEDDING, (tied ? 0 : embedding) + (bias ? vocabulary : 0), 2L * tokens * embedding));
            return parts;
        }

        /** Of several layers in a row that are alike, some go; of each kind in its place one stays. */
        @Override
        public Spec resized(Size size) {
            int width = Math.min(dim, size.dim());
            List<Layer> fewer = new ArrayList<>(layers);
            for (int i = fewer.size() - 1; i > 0; i--) {
                if (fewer.size() > size.layers() && fewer.get(i).equals(fewer.get(i - 1))) {
                    fewer.remove(i);
                }
            }
            Resize by = new Resize((double) width / dim, size.experts());
            return new Spec(Math.min(vocabulary, size.vocabulary()), width, Math.min(sequence, size.sequence()), tied, bias, dropout, residual, sigmoid,
                fewer.stream().map(layer -> layer.resized(dim, width, by)).toList());
        }

        private static void positive(String field, int value) {
            if (value < 1) {
                throw new InputException(field + " is " + value + ", it has to be at least 1");
            }
        }
    }
}
