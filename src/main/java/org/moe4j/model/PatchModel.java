package org.moe4j.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.io.InputException;
import org.moe4j.nn.Embedding;
import org.moe4j.nn.Init;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * A transformer that reads patches of numbers (of an image, say) in places where tokens stand: the vector of a patch is a linear projection of
 * it, plus a vector for its place in the image (Dosovitskiy et al. 2021, equation 1, without a class token). Parameters of the transformer
 * have the names that they have without it.
 *
 * <p>Patches are shown once, as the rows of a table, image by image; in a sequence the number V + i, behind the V tokens, stands for patch i. So batches,
 * training and evaluation are those of text. A sequence of tokens alone is computed as if there were no patches.
 */
public final class PatchModel extends LanguageModel {
    private static final double POSITION_DEVIATION = 0.02;

    private final Spec spec;
    private final Transformer text;
    private final Linear projection;                                              // P to D
    private final Embedding position;                                             // (S, D)
    private float[][] shown = {};                                                 // (N, P)

    public PatchModel(Spec spec, Init init) {
        this.spec = spec;
        text = part(spec.text.build(init));
        projection = part(new Linear(spec.patch, spec.dim(), true, init.at("patches")));
        position = part(new Embedding(spec.perImage, spec.dim(), POSITION_DEVIATION, init.at("patches").at("position")));
    }

    @Override
    public Spec spec() {
        return spec;
    }

    /**
     * Gives the patches that the numbers from V on stand for, in place of those given before.
     *
     * @param patches (N,P), those of an image one behind the other; kept, not copied
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
        int[] positions = new int[places.length];
        for (int i = 0; i < places.length; i++) {
            int number = tokens[places[i]] - spec.vocabulary();
            float[] patch = shown[number];
            positions[i] = number % spec.perImage;
            for (int j = 0; j < spec.patch; j++) {
                values[i * spec.patch + j] = patch[j];
            }
        }
        Variable patches = t.add(projection.forward(t, t.constant(Shape.of(places.length, spec.patch), values)), position.forward(t, positions)); // (R, D)
        int[] words = Arrays.stream(tokens).map(token -> token < spec.vocabulary() ? token : -1).toArray();
        Variable x = t.add(text.embed(t, words), t.scatterRows(patches, places, tokens.length));              // (T, D)
        return text.fromEmbedded(t, x, pass.withTokens(tokens));
    }

    /**
     * @param text the transformer
     * @param patch P, the values of a patch
     * @param perImage S, the patches of an image
     */
    public record Spec(Transformer.Spec text, int patch, int perImage) implements ModelSpec {
        public Spec {
            if (patch < 1 || perImage < 1) {
                throw new InputException("patch is " + patch + " and perImage " + perImage + ", they have to be at least 1");
            }
        }

        /** Two patches of four values, at a size for tests. */
        public Spec() {
            this(new Transformer.Spec(), 4, 2);
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
            parts.add(1, new Part(Part.OUTSIDE, "patches", Part.Kind.INPUT_EMBEDDING, (patch + 1L + perImage) * dim(), 0, 0, 0));
            return parts;
        }

        @Override
        public Spec resized(Size size) {
            return new Spec(text.resized(size), patch, perImage);
        }
    }
}
