package org.moe4j.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * A transformer that reads patches of numbers (of an image, say) in places where tokens stand: their vectors are a linear projection of
 * the patch (Dosovitskiy et al. 2021, equation 1). Parameters of the transformer have the names that they have without it.
 *
 * <p>Patches are shown once, as the rows of a table; in a sequence the number V + i, behind the V tokens, stands for patch i. So batches,
 * training and evaluation are those of text. A sequence of tokens alone is computed as if there were no patches.
 */
public final class PatchModel extends LanguageModel {
    private final Spec spec;
    private final Transformer text;
    private final Linear projection;                                              // P to D
    private float[][] shown = {};                                                 // (N, P)

    public PatchModel(Spec spec, Init init) {
        this.spec = spec;
        text = part(spec.text.build(init));
        projection = part(new Linear(spec.patch, spec.dim(), true, init.at("patches")));
    }

    @Override
    public Spec spec() {
        return spec;
    }

    /**
     * Gives the patches that the numbers from V on stand for, in place of those given before.
     *
     * @param patches (N,P); kept, not copied
     */
    public void show(float[][] patches) {
        for (float[] patch : patches) {
            if (patch.length != spec.patch) {
                throw new InputException("a patch has " + patch.length + " values, the model wants " + spec.patch);
            }
        }
        shown = patches;
    }

    @Override
    public Output forward(Tape t, int[] tokens, Pass pass) {
        int[] places = IntStream.range(0, tokens.length).filter(i -> tokens[i] >= spec.vocabulary()).toArray();
        if (places.length == 0) {
            return text.forward(t, tokens, pass);
        }
        double[] values = new double[places.length * spec.patch];
        for (int i = 0; i < places.length; i++) {
            float[] patch = shown[tokens[places[i]] - spec.vocabulary()];
            for (int j = 0; j < spec.patch; j++) {
                values[i * spec.patch + j] = patch[j];
            }
        }
        Variable patches = projection.forward(t, t.constant(Shape.of(places.length, spec.patch), values));     // (R, D)
        int[] words = Arrays.stream(tokens).map(token -> token < spec.vocabulary() ? token : -1).toArray();
        Variable x = t.add(text.embed(t, words), t.scatterRows(patches, places, tokens.length));              // (T, D)
        return text.fromEmbedded(t, x, pass.withTokens(tokens));
    }

    /**
     * @param text the transformer
     * @param patch P, the values of a patch
     */
    public record Spec(Transformer.Spec text, int patch) implements ModelSpec {
        public Spec {
            if (patch < 1) {
                throw new InputException("patch is " + patch + ", it has to be at least 1");
            }
        }

        /** Patches of four values, at a size for tests. */
        public Spec() {
            this(new Transformer.Spec(), 4);
        }

        @Override
        public int vocabulary() {
            return text.vocabulary();
        }

        @Override
        public int dim() {
            return text.dim();
        }

        @Override
        public int sequence() {
            return text.sequence();
        }

        @Override
        public List<FeedForwardSpec> feedForwards() {
            return text.feedForwards();
        }

        @Override
        public PatchModel build(Init init) {
            return new PatchModel(this, init);
        }

        /** The cost is that of text; a patch is 2 P D FLOPs more. */
        @Override
        public List<Part> parts(int batch, int time) {
            List<Part> parts = new ArrayList<>(text.parts(batch, time));
            parts.add(1, new Part(Part.OUTSIDE, "patches", Part.Kind.INPUT_EMBEDDING, (patch + 1L) * dim(), 0, 0));
            return parts;
        }

        @Override
        public Spec resized(Size size) {
            return new Spec(text.resized(size), patch);
        }
    }
}
