package org.moe4j.model.zoo;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.moe4j.experts.CapacityDialect;
import org.moe4j.experts.CapacityRouter;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.SecondPolicy;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.RelativeBias;

/**
 * GLaM (Du et al. 2022, table 4), its dense twins, and the same models with expert choice (Zhou et al. 2022): a mixture in every other block, dense blocks with a GELU gate and three matrices,
 * experts with two; a bias by relative position in each layer, for which T5's buckets stand. The printed counts leave out norms and
 * position biases and close with 32,000 tokens, though the text was cut into 256,000: only the largest model's active parameters are counted
 * with these.
 */
final class GlamModels {
    private static final String PAPER = "Du et al. 2022, GLaM, table 4";
    private static final String CHOICE = "Zhou et al. 2022, Expert Choice, table 1 (GLaM's dimensions)";
    private static final Set<Part.Kind> LEFT_OUT = Set.of(Part.Kind.NORM, Part.Kind.POSITION);
    private static final int VOCABULARY = 32_000;
    private static final String NOTE = "The capacity factor and the policy for second choices are not in the sources: 2 and random are GShard's.";
    private static final String SMALL = "prints 7 to 8 million less than the dimensions give";

    private static final String SAFE = "Experts choose among the tokens of one position, which the paper's do not: a language model stays autoregressive only so. "
        + "GLaM's model with the paper's capacity factor 2, counted as with two experts for a token. The groups of 256 are ours.";
    private static final String LARGER = "prints a little more, 0.1 to 0.8 %, than the dimensions give";

    private record Width(int layers, int dim, int hidden, int heads, int headDim) {}

    private static final Width SMALLEST = new Width(12, 768, 3072, 12, 64);
    private static final Width SMALLER = new Width(24, 2048, 8192, 16, 128);
    private static final Width LARGE = new Width(32, 4096, 16384, 32, 128);
    private static final Width LARGEST = new Width(64, 8192, 32768, 128, 128);

    private GlamModels() {}

    static List<Architecture> all() {
        List<Architecture> all = new ArrayList<>();
        all.add(new Architecture("glam-0.1b", PAPER, spec(SMALLEST, 0, VOCABULARY), List.of(total("130M", Mark.SECONDARY).except(SMALL)), ""));
        all.add(new Architecture("glam-0.1b-16e", CHOICE, spec(SMALLEST, 16, VOCABULARY), List.of(total("548M", Mark.PAPER), active("145M", Mark.PAPER).except(SMALL)), NOTE));
        all.add(new Architecture("glam-0.1b-32e", CHOICE, spec(SMALLEST, 32, VOCABULARY), List.of(total("1.0B", Mark.PAPER), active("145M", Mark.PAPER).except(SMALL)), NOTE));
        all.add(new Architecture("glam-0.1b-64e", PAPER, spec(SMALLEST, 64, VOCABULARY), List.of(total("1.9B", Mark.SECONDARY), active("145M", Mark.SECONDARY).except(SMALL)), NOTE));
        all.add(new Architecture("glam-0.1b-128e", CHOICE, spec(SMALLEST, 128, VOCABULARY), List.of(total("3.7B", Mark.PAPER), active("145M", Mark.PAPER).except(SMALL)), NOTE));
        all.add(dense("1.7b", SMALLER, "1.7B"));
        all.add(sparse("1.7b-32e", SMALLER, 32, total("20B", Mark.SECONDARY).except("does not fit the stated dimensions: a misprint"), "1.878B"));
        all.add(sparse("1.7b-64e", SMALLER, 64, total("27B", Mark.SECONDARY), "1.879B"));
        all.add(sparse("1.7b-128e", SMALLER, 128, total("53B", Mark.SECONDARY), "1.881B"));
        all.add(new Architecture("glam-1.7b-256e", PAPER, spec(SMALLER, 256, VOCABULARY), List.of(total("105B", Mark.SECONDARY).except(LARGER),
            active("1.886B", Mark.SECONDARY).except(LARGER)), NOTE));
        all.add(dense("8b", LARGE, "8.7B"));
        all.add(sparse("8b-64e", LARGE, 64, total("143B", Mark.SECONDARY), "9.8B"));
        all.add(new Architecture("expert-choice-0.1b-64e", CHOICE, choice(SMALLEST, 64), List.of(total("1.9B", Mark.PAPER), active("145M", Mark.PAPER).except(SMALL)), SAFE));
        all.add(new Architecture("expert-choice-8b-64e", "Zhou et al. 2022, Expert Choice, at GLaM's dimensions", choice(LARGE, 64), List.of(total("143B", Mark.SECONDARY),
            active("9.8B", Mark.SECONDARY)), SAFE));
        all.add(dense("137b", new Width(64, 8192, 65536, 128, 128), "137B"));
        all.add(new Architecture("glam-64b-64e", PAPER, spec(LARGEST, 64, VOCABULARY), List.of(total("1.2T", Mark.SECONDARY),
            active("96.6B", Mark.SECONDARY).except("counted with 256,000 tokens: see glam-64b-64e-256k")), NOTE));
        all.add(new Architecture("glam-64b-64e-256k", PAPER, spec(LARGEST, 64, 256_000), List.of(total("1.2T", Mark.SECONDARY), active("96.6B", Mark.SECONDARY)),
            NOTE + " With all of the tokenizer's 256,000 tokens."));
        return all;
    }

    private static Architecture dense(String size, Width width, String parameters) {
        return new Architecture("glam-" + size, PAPER, spec(width, 0, VOCABULARY), List.of(total(parameters, Mark.SECONDARY)), "");
    }

    private static Architecture sparse(String size, Width width, int experts, Published total, String active) {
        return new Architecture("glam-" + size, PAPER, spec(width, experts, VOCABULARY), List.of(total, active(active, Mark.SECONDARY)), NOTE);
    }

    private static Published total(String printed, Mark mark) {
        return Published.of(Published.Quantity.PARAMETERS, printed, mark).without(LEFT_OUT);
    }

    private static Published active(String printed, Mark mark) {
        return Published.of(Published.Quantity.ACTIVE, printed, mark).without(LEFT_OUT);
    }

    /** @param experts 0 for a dense twin */
    private static ModelSpec spec(Width w, int experts, int vocabulary) {
        FeedForwardSpec dense = dense(w);
        List<Repeat> blocks = experts == 0 ? Repeat.everyBlock(w.layers, dense) : Repeat.everyOtherBlock(w.layers, mixture(w.hidden, experts), dense);
        return spec(w, vocabulary, blocks);
    }

    /** Expert choice with capacity factor 2 in place of the top-2 gate (Zhou et al. 2022). */
    private static ModelSpec choice(Width w, int experts) {
        FeedForwardSpec mixture = new MixtureOfExperts.Spec(new ExpertChoiceRouter.Spec(experts, 2, ExpertChoiceRouter.Grouping.POSITION, 256),
            new MlpExperts.Spec(w.hidden, Activation.GELU, false));
        return spec(w, VOCABULARY, Repeat.everyOtherBlock(w.layers, mixture, dense(w)));
    }

    private static FeedForwardSpec dense(Width w) {
        return new DenseFeedForward.Spec(w.hidden, Activation.GEGLU, false);
    }

    private static ModelSpec spec(Width w, int vocabulary, List<Repeat> blocks) {
        return new Transformer.Spec(vocabulary, w.dim, 1024, CausalSelfAttention.Spec.relative(w.heads, w.headDim, RelativeBias.Spec.t5()), true, blocks);
    }

    /** Experts of two matrices behind GShard's top-2 gate: a second choice of half the weight or more is always kept. */
    private static FeedForwardSpec mixture(int hidden, int experts) {
        CapacityRouter.Spec router = new CapacityRouter.Spec(experts, 2, 2, 4, CapacityDialect.MESH, SecondPolicy.RANDOM, 0.5, false, true, 0.01, 0);
        return new MixtureOfExperts.Spec(router, new MlpExperts.Spec(hidden, Activation.GELU, false));
    }
}
